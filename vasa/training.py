"""What every training shares: averaged weights, a schedule, and the checkpoint folder it leaves behind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, WeightAveraging
from torch import Tensor, nn

from vasa import checkpoint


class MovingAverage(WeightAveraging):
    """Exponential moving average of the weights that forgets the first steps quickly: decay min(d, (1+n)/(10+n))."""

    def __init__(self, *, decay: float) -> None:
        super().__init__(avg_fn=partial(_nearer, decay=decay))


def _nearer(average: Tensor, current: Tensor, count: Tensor, *, decay: float) -> Tensor:
    """The average, moved towards the current value; whole numbers, such as a count of batches, are taken over."""
    if not average.is_floating_point():
        return current
    return average.lerp(current, 1 - min(decay, float((1 + count) / (10 + count))))


class Export(Callback):
    """Writes one part of what is trained, with its averaged weights, as a checkpoint folder at every validation."""

    def __init__(self, folder: Path, part: str, config: Mapping[str, Any]) -> None:
        self.folder, self.part, self.config = folder, part, config

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.sanity_checking and trainer.is_global_zero:
            model = getattr(pl_module, self.part)
            assert isinstance(model, nn.Module)
            checkpoint.save(self.folder, model, self.config)


def resumable(folder: Path, *, minutes: float) -> ModelCheckpoint:
    """Keeps FOLDER/last.ckpt fresh enough that a killed run loses no more than these minutes."""
    return ModelCheckpoint(
        folder, filename="last", enable_version_counter=False, train_time_interval=timedelta(minutes=minutes)
    )


def warm_cosine(step: int, *, warmup: int, steps: int, hold: float = 0.0) -> float:
    """Factor of the learning rate: up over `warmup`, level for a share `hold` of the run, then a cosine to zero."""
    rest = max(0.0, step / max(1, steps) - hold) / (1 - hold)
    return min(1.0, (step + 1) / max(1, warmup)) * 0.5 * (1 + math.cos(math.pi * min(1.0, rest)))
