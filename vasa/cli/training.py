"""What all of `vasa train` shares: settings that are complete, and a trainer that resumes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf
from torch import nn

from vasa import checkpoint
from vasa.config import TRAINING, compose, instantiate
from vasa.render.speed import has_fast_bfloat16
from vasa.training import Export, MovingAverage, Resumable

WHOLE = {"steps": 0, "threads": 0, "seed": 0}  # settings of all stages, and the least that each may be


def settings(stage: str, overrides: list[str], *, example: str) -> DictConfig:
    """`conf/train_STAGE.yaml` with the overrides; sets threads and seed. Raises ValueError where a key is missing or
    is no number that it could be."""
    config = compose(f"train_{stage}", overrides)
    if missing := sorted(OmegaConf.missing_keys(config)):
        raise ValueError(f"Training needs {', '.join(missing)}: vasa train {stage} {example}")
    for name, least in WHOLE.items():
        if name in config and (not isinstance(config[name], int) or config[name] < least):
            raise ValueError(f"The setting {name} is a whole number from {least} on; got {config[name]!r}.")
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    return config


def check_grow(config: DictConfig) -> None:
    """Raises ValueError where there is nothing to grow from."""
    if config.grow and not config.init:
        raise ValueError("grow=true takes the weights of another checkpoint: name it with init=FOLDER.")


def check_keep(config: DictConfig) -> None:
    """Raises ValueError where nothing can be kept, or more than all."""
    if not 0 <= config.keep < 1 or (config.keep and not config.init):
        raise ValueError(f"keep is a share of init's weights, from 0 to less than 1, and needs one; got {config.keep}.")


@torch.no_grad()
def lean(model: nn.Module, before: nn.Module, share: float) -> None:
    """Move all numbers so far towards those of another of its kind (M. Wortsman et al., WiSE-FT, 2022)."""
    old = before.state_dict()
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.lerp_(old[name].to(value), share)


def grow(model: nn.Module, begun: nn.Module, place: str) -> None:
    """Give a new model what fits of another's weights, and say what stays as it was made; raises ValueError."""
    new = checkpoint.take(model, begun.state_dict(), place)
    print(f"{len(new)} weights are new{': ' * bool(new)}{', '.join(new)}.")


def trainer(config: DictConfig, *, part: str, model: Mapping[str, Any]) -> Trainer:
    """Lightning's trainer for a run whose module holds what it teaches as `part`, described by `model`."""
    folder = Path(config.output)
    config.trainer.precision = quick(config.trainer.precision, config.trainer.accelerator)
    # Export comes before the average: Lightning swaps the averaged weights back out in the order of this list.
    average: list[Callback] = [MovingAverage(decay=config.average)] if config.average else []
    made: Trainer = instantiate(config.trainer, also=TRAINING)(
        callbacks=[
            Export(folder, part, model),
            *average,
            LearningRateMonitor("step"),
            Resumable(folder / "training" / "last.ckpt", minutes=config.save_minutes),
        ],
        logger=TensorBoardLogger(folder / "training", name="", version=""),
    )
    return made


def quick(precision: str | int, accelerator: str) -> str | int:
    """The precision that was asked for, but not bfloat16 on a CPU that has to imitate it, at a sixth of the speed."""
    on_cpu = accelerator == "cpu" or (accelerator == "auto" and not torch.accelerator.is_available())
    if not str(precision).startswith("bf16") or not on_cpu or has_fast_bfloat16("cpu"):
        return precision
    print(f"This CPU has no quick bfloat16: training in float32 in place of {precision}.")
    return "32-true"


def resumed(config: DictConfig) -> Path | None:
    """The checkpoint of an earlier run of this output, if there is one."""
    last = Path(config.output) / "training" / "last.ckpt"
    return last if last.is_file() else None
