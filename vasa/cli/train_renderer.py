"""vasa train renderer: teach a renderer from a film."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from vasa import checkpoint
from vasa.cli.training import check_grow, grow, resumed, settings, trainer
from vasa.config import TRAINING, instantiate
from vasa.render.meaning import Meaning
from vasa.render.reader_dynamics import ReaderDynamics
from vasa.render.readers import SHIPPED
from vasa.render.speed import channels_last
from vasa.render.volume import VolumeRenderer
from vasa.training import Export, economise


def run(overrides: list[str]) -> None:
    """Train as `conf/train_renderer.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Raises ValueError where a key without a default is missing or the film cannot be read.
    """
    config = settings("renderer", overrides, example="data.folder=FILM output=OUT")
    model = checkpoint.config_of(config.init) if config.init and not config.grow else config.renderer
    data = instantiate(config.data, also=TRAINING)
    renderer = _renderer(config)
    channels_last(renderer)
    model = _meant(renderer, model, data.train.expression_spread(), labelled=config.training.labelled)
    for part in config.frozen:
        renderer.get_submodule(part).requires_grad_(False)
    economise(renderer, recompute=config.recompute, compiled=config.compiled, backend=config.compiler)
    training = instantiate(config.training)(renderer)
    made = trainer(config, part="renderer", model=model)
    made.fit(training, datamodule=data, ckpt_path=resumed(config))
    Export(Path(config.output), "renderer", model).write(made, training)


def _renderer(config: DictConfig) -> VolumeRenderer:
    """A new one, the one in `init`, or a new one with what fits of its weights (`grow`)."""
    check_grow(config)
    begun: VolumeRenderer | None = checkpoint.load(config.init).train() if config.init else None
    renderer: VolumeRenderer = instantiate(config.renderer) if begun is None or config.grow else begun
    if renderer is not begun and isinstance(renderer.dynamics, ReaderDynamics):
        renderer.dynamics.begin(config.face_reader or SHIPPED)
    if config.grow and begun is not None:
        renderer.meaning = begun.meaning if begun.space.dynamics == renderer.space.dynamics else None
        grow(renderer, begun, config.init)
    return renderer


def _meant(renderer: VolumeRenderer, model: DictConfig, spread: Tensor, *, labelled: float) -> DictConfig:
    """The configuration of a renderer with a meaning; one that has none is given it, for labels that vary so much, [E].

    Raises ValueError where it knows other labels, or none and drivers are to be labelled.
    """
    if renderer.meaning is None and labelled:
        raise ValueError("training.labelled needs an init that knows labels; train its encoders with loss=reading.")
    if renderer.meaning is None:
        renderer.meaning = Meaning.of(spread, dynamics=renderer.space.dynamics)
    renderer.meaning.check(len(spread))
    return OmegaConf.create({**model, "meaning": renderer.meaning.config()})
