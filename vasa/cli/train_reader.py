"""vasa train reader: teach the face reader from a film."""

from __future__ import annotations

from pathlib import Path

import torch
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import OmegaConf

from vasa import checkpoint
from vasa.config import compose, instantiate
from vasa.render.speed import channels_last
from vasa.training import Export, MovingAverage, resumable


def run(overrides: list[str]) -> None:
    """Train as `conf/train_reader.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Raises ValueError where a key without a default is missing or the film cannot be read.
    """
    config = compose("train_reader", overrides)
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise ValueError(
            f"Training a face reader needs {', '.join(missing)}: vasa train reader data.folder=FILM output=OUT"
        )
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    data, folder = instantiate(config.data), Path(config.output)
    training = instantiate(config.training)(channels_last(instantiate(config.reader)), people=data.train.people)
    trainer = instantiate(config.trainer)(
        # Export comes before the average: Lightning swaps the averaged weights back out in the order of this list.
        callbacks=[
            Export(folder, "reader", config.reader, half=True),
            MovingAverage(decay=config.average),
            LearningRateMonitor("step"),
            resumable(folder / "training", minutes=config.save_minutes),
        ],
        logger=TensorBoardLogger(folder / "training", name="", version=""),
    )
    last = folder / "training" / "last.ckpt"
    trainer.fit(training, datamodule=data, ckpt_path=last if last.is_file() else None)
    checkpoint.save(folder, training.reader, config.reader, half=True)
