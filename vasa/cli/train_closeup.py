"""vasa train closeup: teach a renderer to redraw eyes, brows and mouth."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from omegaconf import OmegaConf
from torch import Tensor

from vasa import checkpoint
from vasa.cli.training import resumed, settings, trainer
from vasa.config import instantiate
from vasa.data.film import FilmPairs
from vasa.render.features import SqueezeFeatures
from vasa.render.rebase import rebase
from vasa.render.speed import channels_last
from vasa.render.volume import VolumeRenderer
from vasa.training import Export


def run(overrides: list[str]) -> None:
    """Train as `conf/train_closeup.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Raises ValueError where a key without a default is missing, the renderer is no VolumeRenderer, or the film cannot be
    read.
    """
    config = settings("closeup", overrides, example="init=RENDERER data.folder=FILM output=OUT")
    renderer = checkpoint.load(config.init)
    if not isinstance(renderer, VolumeRenderer):
        raise ValueError(f"A closeup is part of a VolumeRenderer; {config.init} holds a {type(renderer).__name__}.")
    data = instantiate(config.data)
    model = OmegaConf.create({**checkpoint.config_of(config.init)})
    if renderer.closeup is None:
        model.closeup = {**config.closeup, "motion": renderer.space.size}
        renderer.closeup = instantiate(model.closeup)
    if renderer.meaning is None:
        rebase(renderer, *looked_at(data.train, config.meaning_frames), data.train.expression_spread())
        assert renderer.meaning is not None
        model.meaning = renderer.meaning.config()
        model.space = {"_target_": "vasa.space.MotionSpace", **asdict(renderer.space)}
    renderer.meaning.check(len(data.train.expression_spread()))
    features = SqueezeFeatures(weights=config.squeezenet) if config.squeezenet else None
    training = instantiate(config.training)(channels_last(renderer.train()), features=features)
    made = trainer(config, part="renderer", model=model)
    made.fit(training, datamodule=data, ckpt_path=resumed(config))
    Export(Path(config.output), "renderer", model).write(made, training)


def looked_at(film: FilmPairs, frames: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures, poses and expressions of so many frames of a film, drawn as in training."""
    samples = [film[number] for number in range(-(-frames // (1 + film.drivers)))]
    pictures, pose, labels = (torch.cat([one[name] for one in samples]) for name in ("frames", "pose", "expression"))
    return pictures, pose, labels
