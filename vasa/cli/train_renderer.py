"""vasa train renderer: teach a renderer from a film."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig
from torch import nn

from vasa import checkpoint
from vasa.cli.training import resumed, settings, trainer
from vasa.config import instantiate
from vasa.render.speed import channels_last
from vasa.training import Export, economise


def run(overrides: list[str]) -> None:
    """Train as `conf/train_renderer.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Raises ValueError where a key without a default is missing or the film cannot be read.
    """
    config = settings("renderer", overrides, example="data.folder=FILM output=OUT")
    model = checkpoint.config_of(config.init) if config.init and not config.grow else config.renderer
    data = instantiate(config.data)
    renderer = channels_last(_renderer(config))
    economise(renderer, recompute=config.recompute, compiled=config.compiled, backend=config.compiler)
    training = instantiate(config.training)(renderer, expression_spread=data.train.expression_spread())
    made = trainer(config, part="renderer", model=model)
    made.fit(training, datamodule=data, ckpt_path=resumed(config))
    Export(Path(config.output), "renderer", model).write(made, training)


def _renderer(config: DictConfig) -> nn.Module:
    """A new one, the one in `init`, or a new one with what fits of its weights (`grow`); `frozen` parts stay."""
    if config.grow and not config.init:
        raise ValueError("grow=true takes the weights of another checkpoint: name it with init=FOLDER.")
    renderer = checkpoint.load(config.init).train() if config.init and not config.grow else instantiate(config.renderer)
    if config.grow:
        new = checkpoint.take(renderer, checkpoint.load(config.init).state_dict(), config.init)
        print(f"{len(new)} weights are new{': ' * bool(new)}{', '.join(new)}.")
    for part in config.frozen:
        renderer.get_submodule(part).requires_grad_(False)
    return renderer
