"""vasa train dynamics: let a renderer read facial dynamics with another face reader."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf

from vasa import checkpoint
from vasa.cli.training import settings
from vasa.cli.writing import bar
from vasa.config import instantiate
from vasa.data.film import clips_of_all, named
from vasa.data.insights import Insights, errors, fit, insights
from vasa.render.meaning import Meaning
from vasa.render.reader_dynamics import ReaderDynamics
from vasa.render.readers import SHIPPED
from vasa.render.volume import VolumeRenderer

FITTING = ("steps", "batch_size", "learning_rate", "weight_decay", "ridge", "seed")


def run(overrides: list[str]) -> None:
    """Fit as `conf/train_dynamics.yaml` and the overrides say; prints how well people nobody showed it are read.

    Raises ValueError where a key without a default is missing, the renderer has an encoder of its own or does not know
    what labels stand for, or the film cannot be read.
    """
    config = settings("dynamics", overrides, example="init=RENDERER data.folder=FILM output=OUT")
    renderer, model = checkpoint.load(config.init), OmegaConf.create({**checkpoint.config_of(config.init)})
    meaning = _meaning(renderer, config.init)
    place = config.face_reader or SHIPPED
    model.dynamics.reader = checkpoint.config_of(place)
    dynamics: ReaderDynamics = instantiate(model.dynamics)
    dynamics.begin(place)
    taught, held_out = (_seen(config, dynamics.eval(), split) for split in ("train", "test"))
    fit(dynamics, taught, meaning, **{name: config[name] for name in FITTING})
    renderer.dynamics = dynamics
    checkpoint.save(config.output, renderer, model, half=True)
    found = errors(dynamics, held_out, meaning)
    print(f"{len(held_out.seen)} held-out frames: {', '.join(f'{k} {v:.3f}' for k, v in found.items())}")


def _meaning(renderer: object, place: str) -> Meaning:
    """What its dynamics, which a face reader sees, stand for; raises ValueError where that is not so."""
    if not isinstance(renderer, VolumeRenderer) or not isinstance(renderer.dynamics, ReaderDynamics):
        raise ValueError(f"The dynamics of {place} are not read by a face reader; name a renderer like `small`.")
    if renderer.meaning is None:
        raise ValueError(f"{place} does not know what labels stand for: run `vasa train closeup` on it first.")
    return renderer.meaning


def _seen(config: DictConfig, dynamics: ReaderDynamics, split: str) -> Insights:
    """What a split of the films shows; held-out people are seen once, as they are."""
    clips = clips_of_all(named(config.data.folder), split)
    views = config.data.views if split == "train" else 1
    with bar() as progress:
        task = progress.add_task(f"{split} clips", total=len(clips))
        return insights(
            dynamics, clips, frames=config.data.frames, views=views, seed=config.seed,
            progress=lambda: progress.advance(task),
        )  # fmt: skip
