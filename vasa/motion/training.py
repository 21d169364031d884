"""Training of motion generators with Lightning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor
from torch.utils.data import DataLoader

from vasa import checkpoint
from vasa.data.latents import Latents, Track, Windows, WindowStream, head
from vasa.motion.conditions import Conditions, Given
from vasa.motion.generator import DiffusionMotion
from vasa.motion.loss import Dropout, masked_mse, noised, velocity_mse
from vasa.motion.plot import compare
from vasa.motion.probe import LinearProbe, correlation
from vasa.types import Controls


class MotionData(LightningDataModule):
    """Windows to train on, and the beginnings of held-out clips to draw.

    drawn_clips, drawn_frames: how many held-out clips are drawn at each validation, and how much of each.
    """

    def __init__(
        self, latents: Latents, *, window: int, carry: int, batch_size: int, seed: int,
        drawn_clips: int, drawn_frames: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.windows = Windows(latents.split("train"), window=window, carry=carry)
        self.held_out = head(latents.split("test"), frames=drawn_frames, count=drawn_clips)
        self.batch_size, self.seed = batch_size, seed

    def train_dataloader(self) -> DataLoader[Track]:
        first = self.trainer.global_step if self.trainer else 0
        stream = WindowStream(self.windows, batch_size=self.batch_size, seed=self.seed, first=first)
        return DataLoader(stream, batch_size=None)

    def val_dataloader(self) -> DataLoader[Track]:
        return DataLoader([self.held_out], batch_size=None)  # type: ignore[arg-type]

    def transfer_batch_to_device(self, batch: Track, device: torch.device, dataloader_idx: int) -> Track:  # noqa: ARG002
        return batch.to(device)


class MotionTraining(LightningModule):
    """Learns to denoise windows of motion; draws held-out sound to see how far it is.

    velocity: weight of the error in frame-to-frame change; VASA-1 mentions none, so 0 is the paper.
    steps: length of the run, where the learning rate reaches zero along a cosine after `warmup` steps.
    """

    def __init__(
        self, generator: DiffusionMotion, probe: LinearProbe, *, learning_rate: float, warmup: int, steps: int,
        seed: int, dropout: Dropout, velocity: float = 0.0, weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__()
        self.generator, self.probe, self.dropout = generator, probe, dropout
        self.learning_rate, self.weight_decay, self.velocity = learning_rate, weight_decay, velocity
        self.warmup, self.steps, self.seed = warmup, steps, seed

    def training_step(self, batch: Track, batch_idx: int) -> Tensor:  # noqa: ARG002
        losses = self.losses(batch, torch.Generator(self.device).manual_seed(self.seed * 999_983 + self.global_step))
        self.log_dict({f"loss/{name}": value for name, value in losses.items()}, prog_bar=True)
        return losses["denoise"] + self.velocity * losses["velocity"]

    def losses(self, batch: Track, random: torch.Generator) -> dict[str, Tensor]:
        """Every term, unweighted, at random diffusion times t ~ U(0, 1]."""
        carry, generator = self.generator.carry, self.generator
        x0, known = batch.motion[:, carry:], batch.known[:, carry:]
        time = 1 - torch.rand(len(x0), generator=random, device=x0.device)
        noise = torch.randn(x0.shape, generator=random, device=x0.device)
        alpha, sigma = generator.schedule.alpha(time), generator.schedule.sigma(time)
        x_t = noised(x0, noise, alpha, sigma)
        output = generator.net(x_t, time, self.dropout(conditions_of(batch, carry), random)).float()
        broad = rearrange(torch.stack([alpha, sigma]), "two b -> two b 1 1")
        target = generator.objective.target(x0, noise, *broad)
        clean = generator.objective.clean(output, x_t, *broad)
        return {"denoise": masked_mse(output, target, known), "velocity": velocity_mse(clean, x0, known)}

    def validation_step(self, batch: Track, batch_idx: int) -> None:  # noqa: ARG002
        drawn = draw(self.generator, batch.features, seed=self.seed)
        lips = self.probe(drawn)
        true, made = batch.motion, drawn
        self.log_dict({
            "drawn/lip_correlation": correlation(lips, batch.lip_opening).mean(),
            "drawn/lip_ceiling": correlation(self.probe(true), batch.lip_opening).mean(),
            "drawn/spread": made.std(dim=1).mean() / true.std(dim=1).mean(),
            "drawn/jitter": made.diff(n=2, dim=1).square().mean().sqrt() / true.diff(n=2, dim=1).square().mean().sqrt(),
        }, prog_bar=True, batch_size=len(drawn))  # fmt: skip
        self._show(batch, drawn, lips)

    def _show(self, batch: Track, drawn: Tensor, lips: Tensor) -> None:
        board = getattr(self.logger, "experiment", None)
        if board is None or not hasattr(board, "add_figure"):
            return
        curves = (batch.lip_opening[0, :, 0].cpu(), lips[0, :, 0].float().cpu())
        rate = self.generator.space.frame_rate
        figure = compare(batch.motion[0].cpu(), drawn[0].float().cpu(), curves, frame_rate=rate)
        board.add_figure("drawn", figure, self.global_step)

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(
            self.generator.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, betas=(0.9, 0.99)
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._warm_cosine)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _warm_cosine(self, step: int) -> float:
        rest = min(1.0, max(0, step - self.warmup) / max(1, self.steps - self.warmup))
        return min(1.0, (step + 1) / self.warmup) * 0.5 * (1 + math.cos(math.pi * rest))


class MovingAverage(WeightAveraging):
    """Exponential moving average of the weights that forgets the first steps quickly: decay min(d, (1+n)/(10+n))."""

    def __init__(self, *, decay: float) -> None:
        super().__init__(
            avg_fn=lambda average, current, n: average.lerp(current, 1 - min(decay, float((1 + n) / (10 + n))))
        )


class Export(Callback):
    """Writes the averaged generator as a checkpoint folder at every validation."""

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self.folder, self.config = folder, config

    def on_validation_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        assert isinstance(pl_module, MotionTraining)
        if not trainer.sanity_checking:
            checkpoint.save(self.folder, pl_module.generator, self.config)


def conditions_of(batch: Track, carry: int) -> Conditions:
    """A training window's conditions; controls are its own mean gaze, distance and emotion."""
    present = batch.known[:, carry:]

    def token(value: Tensor) -> Given:
        weight = rearrange(present, "b w -> b w 1")
        mean = (value[:, carry:] * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp_min(1)
        return Given(mean, torch.ones_like(present[:, :1]))

    return Conditions(
        audio=Given(batch.features[:, carry:], present),
        gaze=token(batch.gaze),
        distance=token(batch.distance),
        emotion=token(batch.emotion),
        previous_audio=Given(batch.features[:, :carry], batch.known[:, :carry]),
        previous_motion=Given(batch.motion[:, :carry], batch.known[:, :carry]),
    )


def calibrate(generator: DiffusionMotion, frames: Track) -> None:
    """Set the scales of the conditions from training frames [N, ...]."""
    generator.net.audio.calibrate(frames.features)
    for name, embed in generator.net.controls.items():
        embed.calibrate(getattr(frames, name))  # type: ignore[operator]


def draw(generator: DiffusionMotion, features: Tensor, *, seed: int) -> Tensor:
    """Motion from sound alone, window by window as in use: features [B, T, A] -> normalised [B, T, M]."""
    state, parts = generator.start(len(features), seed=seed), []
    for piece in features.split(generator.window, dim=1):
        motion, state = generator.step(piece, Controls(), state)
        parts.append(generator.space.pack(motion))
    return torch.cat(parts, dim=1)
