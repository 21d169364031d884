"""What every training shares: averaged weights, a schedule, economies, and the checkpoint folder it leaves behind."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.utils.checkpoint import checkpoint as recomputed

from vasa import checkpoint

_SINGULAR = ("_u", "_v")  # buffers of `torch.nn.utils.parametrizations.spectral_norm`


class MovingAverage(Callback):
    """Exponential moving average of the weights that forgets the first steps quickly: decay min(d, (1+n)/(10+n)).

    It stands in for the weights during validation, and replaces them when training ends. Weights that are spread over
    processes are averaged where they lie. Taken over as they are: numbers that are not floating-point, such as counts,
    and the singular vectors of spectral norms, whose means would be shorter than 1 and the norms too small.
    """

    def __init__(self, *, decay: float) -> None:
        self.decay, self.count = decay, 0
        self.average: dict[str, Tensor] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self._place(pl_module)

    def _place(self, pl_module: LightningModule) -> None:
        own = _weights(pl_module)
        if self.average and (unlike := sorted(own.keys() ^ self.average.keys())):
            raise ValueError(f"The run to go on with was of another model: {unlike[0]} differs; name another output.")
        self.average = {name: _placed(self.average.get(name, value), value) for name, value in own.items()}

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *rest: Any) -> None:  # noqa: ARG002
        if trainer.global_step > self.count:
            self.update(_weights(pl_module))
            self.count = trainer.global_step

    def update(self, weights: Mapping[str, Tensor]) -> None:
        """Move the average towards these weights."""
        decay = min(self.decay, (1 + self.count) / (10 + self.count)) if self.count else 0.0
        moving = {name: value for name, value in weights.items() if _has_mean(name, value)}
        spread = {name for name, value in moving.items() if isinstance(value, DTensor)}
        for names in (moving.keys() & spread, moving.keys() - spread):  # one call takes tensors of one kind
            ours, theirs = [self.average[name] for name in names], [moving[name] for name in names]
            if names:
                torch._foreach_lerp_(ours, theirs, 1 - decay)
        for name in weights.keys() - moving.keys():
            self.average[name].copy_(weights[name])

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self._swap(pl_module)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self._swap(pl_module)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self._place(pl_module)  # a resumed run may have had nothing left to do
        self._swap(pl_module)

    def _swap(self, pl_module: LightningModule) -> None:
        for name, value in _weights(pl_module).items() if self.average else ():
            kept = value.clone()
            value.copy_(self.average[name])
            self.average[name].copy_(kept)  # in place: what is made during validation may not be changed after it

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count, "average": {name: whole(value) for name, value in self.average.items()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if "average" in state_dict:
            self.count, self.average = state_dict["count"], state_dict["average"]


def _weights(module: nn.Module) -> dict[str, Tensor]:
    """All that is learned or counted, without gradients."""
    taught = {name: value.detach() for name, value in module.named_parameters() if value.requires_grad}
    return taught | dict(module.named_buffers())


def _has_mean(name: str, value: Tensor) -> bool:
    return value.is_floating_point() and name.rpartition(".")[2] not in _SINGULAR


def _placed(value: Tensor, like: Tensor) -> Tensor:
    """A copy of a value, spread over processes as another one is."""
    if isinstance(like, DTensor) and not isinstance(value, DTensor):
        return distribute_tensor(value.to(like.device), like.device_mesh, like.placements)
    return torch.empty_like(like).copy_(value)


def whole(value: Tensor) -> Tensor:
    """A tensor gathered from the processes that it is spread over; every one of them has to ask."""
    return value.full_tensor() if isinstance(value, DTensor) else value


class Export(Callback):
    """Writes one part of what is trained, with its averaged weights, as a checkpoint folder at every validation."""

    def __init__(self, folder: Path, part: str, config: Mapping[str, Any]) -> None:
        self.folder, self.part, self.config = folder, part, config

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.sanity_checking:
            self.write(trainer, pl_module)

    def write(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The part as it is now; every process gathers its shards, one writes."""
        model = getattr(pl_module, self.part)
        assert isinstance(model, nn.Module)
        weights = {k: whole(v) for k, v in model.state_dict().items()}
        if trainer.is_global_zero:
            checkpoint.save(self.folder, model, self.config, weights=weights)


class Resumable(Checkpoint):
    """Keeps a checkpoint fresh enough that a killed run loses no more than these minutes; it is whole at any time.

    Saves only between optimiser steps: half the gradient of a step cannot be resumed. Lightning's own callback saves by
    the clock only where it steps the optimisers itself.
    """

    def __init__(self, file: Path, *, minutes: float) -> None:
        self.file, self.seconds = file, 60 * minutes
        self.saved_s = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self.saved_s = time.monotonic()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *rest: Any) -> None:  # noqa: ARG002
        batch_idx = rest[-1]
        if (batch_idx + 1) % trainer.accumulate_grad_batches == 0 and self._due(trainer):
            self.save(trainer)

    def _due(self, trainer: Trainer) -> bool:
        """Whether it is time, by the first process's clock."""
        return bool(trainer.strategy.broadcast(time.monotonic() - self.saved_s >= self.seconds))

    def save(self, trainer: Trainer) -> None:
        """Write beside, then rename; every process takes part."""
        beside = self.file.with_name(f".{self.file.name}.part")
        trainer.save_checkpoint(beside)
        if trainer.is_global_zero:
            beside.replace(self.file)
        self.saved_s = time.monotonic()


@dataclass(frozen=True, kw_only=True)
class Optimisation:
    """AdamW, and how its learning rate goes over a run of so many steps.

    It rises over `warmup` steps, is level until a share `hold` of the run, then falls along a cosine to the share
    `lowest` of itself. Raises ValueError where `hold` leaves nothing of the run to the cosine.
    """

    learning_rate: float
    warmup: int
    steps: int
    hold: float = 0.0
    lowest: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        if not 0 <= self.hold < 1:
            raise ValueError(f"hold is a share of the run, from 0 to less than 1; got {self.hold}.")

    def factor(self, step: int) -> float:
        """Of the learning rate, at a step."""
        rest = max(0.0, step / max(1, self.steps) - self.hold) / (1 - self.hold)
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, rest)))
        return min(1.0, (step + 1) / max(1, self.warmup)) * (self.lowest + (1 - self.lowest) * cosine)

    def pair(self, parameters: Iterable[nn.Parameter]) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.LambdaLR]:
        """Optimiser and schedule, for trainings that step them themselves."""
        optimizer = torch.optim.AdamW(
            parameters, lr=self.learning_rate, betas=self.betas, weight_decay=self.weight_decay
        )
        return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, self.factor)

    def of(self, parameters: Iterable[nn.Parameter]) -> OptimizerLRSchedulerConfig:
        """What `configure_optimizers` returns, for trainings that leave the steps to Lightning."""
        optimizer, schedule = self.pair(parameters)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def rest(model: nn.Module) -> None:
    """Puts the parts of a model of whose weights none learns in evaluation mode: nothing of theirs drops out, and their
    norms stay."""
    for part in model.modules():
        weights = list(part.parameters())
        if weights and not any(weight.requires_grad for weight in weights):
            part.eval()


def chance(module: LightningModule, seed: int, part: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Random numbers of one part of a step's batch: they depend on the seed, the step, the part and the process alone,
    so that a resumed run draws the same, and no two parts or processes do."""
    mixed = np.random.SeedSequence([seed, module.global_step, part, module.global_rank]).generate_state(1)
    return torch.Generator(device).manual_seed(int(mixed[0]))


def weighted_sum(module: LightningModule, losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """What a step minimises, logged with all its parts; a loss of weight 0 costs no backward pass.

    Raises ValueError where a loss has no weight.
    """
    if unweighted := sorted(losses.keys() - weights.keys()):
        raise ValueError(f"There is no weight for {', '.join(unweighted)}; 0 leaves a loss out of the sum.")
    module.log_dict({f"loss/{name}": value.detach() for name, value in losses.items()})
    total = torch.stack([weights[name] * value for name, value in losses.items() if weights[name]]).sum()
    module.log("loss", total.detach(), prog_bar=True)
    return total


def economise(model: nn.Module, *, recompute: Sequence[str], compiled: Sequence[str], backend: str) -> nn.Module:
    """Parts of a model that keep no activations for the backward pass, and parts that torch compiles; both by name.

    Changes the model, neither its outputs nor its weights' names. Raises ValueError where it has no such part.
    """
    parts = dict(model.named_modules())
    if unknown := sorted({*recompute, *compiled} - parts.keys()):
        known = ", ".join(name for name, _ in model.named_children())
        raise ValueError(f"The model has no part {unknown[0]!r}; it has {known}, and parts of these.")
    for name in recompute:
        part = parts[name]
        part.forward = partial(recomputed, part.forward, use_reentrant=False)
    for name in compiled:
        parts[name].compile(backend=backend)
    return model
