"""vasa train renderer: teach a renderer from a film."""

from __future__ import annotations

from pathlib import Path

import torch
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf
from torch import nn

from vasa import checkpoint
from vasa.config import compose, instantiate
from vasa.render.speed import channels_last
from vasa.training import Export, MovingAverage, resumable


def run(overrides: list[str]) -> None:
    """Train as `conf/train_renderer.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Raises ValueError where a key without a default is missing or the film cannot be read.
    """
    config = compose("train_renderer", overrides)
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise ValueError(
            f"Training a renderer needs {', '.join(missing)}: vasa train renderer data.folder=FILM output=OUT"
        )
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    model = checkpoint.config_of(config.init) if config.init else config.renderer
    data, folder = instantiate(config.data), Path(config.output)
    renderer = channels_last(_renderer(config))
    training = instantiate(config.training)(renderer, expression_spread=data.train.expression_spread())
    trainer = instantiate(config.trainer)(
        # Export comes before the average: Lightning swaps the averaged weights back out in the order of this list.
        callbacks=[
            Export(folder, "renderer", model),
            MovingAverage(decay=config.average),
            LearningRateMonitor("step"),
            resumable(folder / "training", minutes=config.save_minutes),
        ],
        logger=TensorBoardLogger(folder / "training", name="", version=""),
    )
    last = folder / "training" / "last.ckpt"
    trainer.fit(training, datamodule=data, ckpt_path=last if last.is_file() else None)
    checkpoint.save(folder, training.renderer, model)


def _renderer(config: DictConfig) -> nn.Module:
    """A new one, or the one in `init`; parts named in `frozen` stay as they are."""
    renderer = checkpoint.load(config.init).train() if config.init else instantiate(config.renderer)
    for part in config.frozen:
        renderer.get_submodule(part).requires_grad_(False)
    return renderer
