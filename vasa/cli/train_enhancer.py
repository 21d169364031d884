"""vasa train enhancer: teach what a renderer's pictures lack at twice their size."""

from __future__ import annotations

from omegaconf import OmegaConf

from vasa import checkpoint
from vasa.cli.training import resumed, settings, trainer
from vasa.config import TRAINING, instantiate
from vasa.render.enhancer import EnhancedRenderer
from vasa.render.speed import channels_last

TARGET = "vasa.render.enhancer.EnhancedRenderer"


def run(overrides: list[str]) -> None:
    """Train as `conf/train_enhancer.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Raises ValueError where a key without a default is missing, or the pictures do not fit the base.
    """
    example = "base=CHECKPOINT data.folder=PICTURES data.size_px=1024 output=OUT"
    config = settings("enhancer", overrides, example=example)
    model = OmegaConf.create(
        {"_target_": TARGET, "base": checkpoint.config_of(config.base), "enhancer": config.enhancer}
    )
    renderer = EnhancedRenderer(base=checkpoint.load(config.base), enhancer=instantiate(config.enhancer))
    if config.data.size_px != renderer.image_size:
        raise ValueError(
            f"An enhancer of this base learns from {renderer.image_size} pixels a side, not {config.data.size_px}: "
            f"data.size_px={renderer.image_size}."
        )
    training = instantiate(config.training)(channels_last(renderer))
    data = instantiate(config.data, also=TRAINING)
    trainer(config, part="renderer", model=model).fit(training, datamodule=data, ckpt_path=resumed(config))
    checkpoint.save(config.output, training.renderer, model)
