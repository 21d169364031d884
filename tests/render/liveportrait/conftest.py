from __future__ import annotations

from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from safetensors.torch import load_file
from torch import Tensor

from tests.render.liveportrait.filling import fill, published_shapes
from vasa import checkpoint
from vasa.config import instantiate, leaf
from vasa.render.liveportrait import LivePortraitRenderer
from vasa.render.liveportrait.keys import converted

SMALL = {
    "image_size": 64,
    "appearance": {"widths": [4, 6, 8], "volume": 4, "depth": 4, "blocks": 2},
    "motion": {"depths": [1, 1, 2, 1], "widths": [8, 12, 16, 24]},
    "warp": {"volume": 4, "depth": 4, "width": 12, "dense": {"volume": 4, "depth": 4, "widths": [8, 16]}},
    "decoder": {"features": 12, "widths": [16, 12, 8], "hidden": 6},
}


def small_config() -> DictConfig:
    """The published leaf with few channels."""
    merged = OmegaConf.merge(leaf("renderer", "liveportrait"), SMALL)
    assert isinstance(merged, DictConfig)
    return merged


def filled(config: DictConfig) -> LivePortraitRenderer:
    """A renderer with the made-up weights, through the conversion that published ones take."""
    with torch.device("meta"):
        renderer = instantiate(config)
    own = renderer.state_dict()
    weights = converted(fill(published_shapes(own)), own, "made-up weights")
    renderer.to_empty(device="cpu")
    checkpoint.fill(renderer, weights, "made-up weights")
    return renderer.eval()


@pytest.fixture(scope="session")
def small() -> LivePortraitRenderer:
    return filled(small_config())


@pytest.fixture(scope="session")
def wanted(fixtures: Path) -> dict[str, Tensor]:
    """What the published networks and rules gave."""
    spoken = load_file(fixtures / "joyvasa.safetensors")
    rules = {name: value for name, value in spoken.items() if name.startswith("combine.")}
    return load_file(fixtures / "liveportrait.safetensors") | rules
