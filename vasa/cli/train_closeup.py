"""vasa train closeup: teach a renderer to redraw eyes, brows and mouth."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from einops import rearrange
from omegaconf import DictConfig, OmegaConf

from vasa import checkpoint
from vasa.cli.training import resumed, settings, trainer
from vasa.config import TRAINING, instantiate
from vasa.data.film import FilmPairs
from vasa.render.articulation import Articulation
from vasa.render.closeup import Closeup
from vasa.render.closeup.beginning import begin
from vasa.render.features import SqueezeFeatures
from vasa.render.rebase import rebase
from vasa.render.speed import channels_last
from vasa.render.volume import VolumeRenderer
from vasa.training import Export

SEEN = ("place", "frames", "pose", "expression")  # what a new closeup begins from


def run(overrides: list[str]) -> None:
    """Train as `conf/train_closeup.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Raises ValueError where a key without a default is missing, the renderer is no VolumeRenderer, the film cannot be
    read or has pictures of another size, or there are no drivers, or it is not told what lies behind lips and lids.
    """
    config = settings("closeup", overrides, example="init=RENDERER data.folder=FILM output=OUT")
    renderer, model = checkpoint.load(config.init), OmegaConf.create({**checkpoint.config_of(config.init)})
    data = instantiate(config.data, also=TRAINING)
    check(config, renderer, data.train)
    features = SqueezeFeatures(weights=config.squeezenet) if config.squeezenet else None
    if renderer.closeup is None:
        begun(renderer, model, config, data.train)
    training = instantiate(config.training)(channels_last(renderer.train()), features=features)
    made = trainer(config, part="renderer", model=model)
    made.fit(training, datamodule=data, ckpt_path=resumed(config))
    Export(Path(config.output), "renderer", model).write(made, training)


def check(config: DictConfig, renderer: object, film: FilmPairs) -> None:
    """Raises ValueError unless a closeup of this renderer can learn from the film."""
    if not isinstance(renderer, VolumeRenderer):
        raise ValueError(f"A closeup is part of a VolumeRenderer; {config.init} holds a {type(renderer).__name__}.")
    if film.drivers < 1:
        raise ValueError(f"A closeup learns from drivers: data.drivers is 1 or more; got {film.drivers}.")
    if not film.behind:
        raise ValueError("A closeup learns from what lies behind lips and lids: leave data.behind as it is, true.")
    side = film[0]["frames"].shape[-1]
    if side != renderer.image_size:
        raise ValueError(
            f"This renderer's pictures have {renderer.image_size} pixels a side, the film's {side}: "
            f"set data.size={renderer.image_size}."
        )


def begun(renderer: VolumeRenderer, model: DictConfig, config: DictConfig, film: FilmPairs) -> None:
    """Give a renderer dynamics that labels stand for, and a closeup; changes the renderer and its configuration."""
    samples = [film[number] for number in range(-(-config.first_frames // (1 + film.drivers)))]
    place, frames, pose, labels = (torch.stack([sample[key] for sample in samples]) for key in SEEN)
    flat = [rearrange(x, "b n ... -> (b n) ...") for x in (frames, pose, labels)]
    rebase(renderer, flat[0], flat[1], flat[2], film.expression_spread())
    assert renderer.meaning is not None
    model.closeup = {**config.closeup, "motion": renderer.space.size}
    model.meaning = renderer.meaning.config()
    model.space = {"_target_": "vasa.space.MotionSpace", **asdict(renderer.space)}
    closeup: Closeup = instantiate(model.closeup)
    begin(closeup, renderer.meaning, place, pose, labels)
    renderer.closeup = closeup
    if config.articulation != 1:
        renderer.articulation = Articulation.of(renderer.meaning, flat[2], gain=config.articulation)
        kind = f"{Articulation.__module__}.{Articulation.__name__}"
        model.articulation = {"_target_": kind, "dynamics": renderer.space.dynamics, "gain": config.articulation}
