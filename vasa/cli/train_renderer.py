"""vasa train renderer: teach a renderer from a film."""

from __future__ import annotations

from omegaconf import DictConfig
from torch import nn

from vasa import checkpoint
from vasa.cli.training import resumed, settings, trainer
from vasa.config import instantiate
from vasa.render.speed import channels_last


def run(overrides: list[str]) -> None:
    """Train as `conf/train_renderer.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Raises ValueError where a key without a default is missing or the film cannot be read.
    """
    config = settings("renderer", overrides, example="data.folder=FILM output=OUT")
    model = checkpoint.config_of(config.init) if config.init else config.renderer
    data = instantiate(config.data)
    renderer = channels_last(_renderer(config))
    training = instantiate(config.training)(renderer, expression_spread=data.train.expression_spread())
    trainer(config, part="renderer", model=model).fit(training, datamodule=data, ckpt_path=resumed(config))
    checkpoint.save(config.output, training.renderer, model)


def _renderer(config: DictConfig) -> nn.Module:
    """A new one, or the one in `init`; parts named in `frozen` stay as they are."""
    renderer = checkpoint.load(config.init).train() if config.init else instantiate(config.renderer)
    for part in config.frozen:
        renderer.get_submodule(part).requires_grad_(False)
    return renderer
