"""vasa train reader: teach the face reader from a film."""

from __future__ import annotations

from vasa import checkpoint
from vasa.cli.training import resumed, settings, trainer
from vasa.config import instantiate
from vasa.render.speed import channels_last


def run(overrides: list[str]) -> None:
    """Train as `conf/train_reader.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Raises ValueError where a key without a default is missing or the film cannot be read.
    """
    config = settings("reader", overrides, example="data.folder=FILM output=OUT")
    data = instantiate(config.data)
    training = instantiate(config.training)(channels_last(instantiate(config.reader)), people=data.train.people)
    trainer(config, part="reader", model=config.reader).fit(training, datamodule=data, ckpt_path=resumed(config))
    checkpoint.save(config.output, training.reader, config.reader, half=True)
