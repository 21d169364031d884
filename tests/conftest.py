"""A pipeline of the real classes, tiny, with random weights, and inputs to try it on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from vasa import config
from vasa.face.crop import Crop
from vasa.motion.handles import Handles, config_of
from vasa.pipeline import Pipeline
from vasa.video import Video


def tiny_configs() -> dict[str, DictConfig]:
    """The tiny leaves, made to fit each other."""
    leaves = {part: config.leaf(part, "tiny") for part in ("renderer", "motion", "audio")}
    dynamics, width = leaves["renderer"].space.dynamics, leaves["audio"].model.width
    leaves["motion"].space.dynamics = dynamics
    leaves["motion"].net = OmegaConf.merge(leaves["motion"].net, {"motion_dim": 6 + dynamics, "audio_dim": width})
    return leaves


class WholePicture:
    """A detector for pictures that are a crop already; grey ones have no face."""

    def __call__(self, picture: Tensor) -> Crop:
        height, width = picture.shape[-2:]
        if picture.std() < 1e-3:
            raise ValueError("No face was found in the picture.")
        return Crop(width / 2, height / 2, min(height, width))


def tiny_pipeline(detector: object = None) -> Pipeline:
    """Random weights from a fixed seed."""
    configs = tiny_configs()
    torch.manual_seed(0)
    parts = [config.instantiate(configs[part]).eval() for part in ("renderer", "motion", "audio")]
    return Pipeline(*parts, detector or WholePicture(), configs=configs, batch=4).to("cpu")


def able_pipeline(pipe: Pipeline) -> Pipeline:
    """The same pipeline with handles fitted on made-up labels."""
    dynamics = torch.randn(500, pipe.renderer.space.dynamics, generator=torch.Generator().manual_seed(0))
    handles = Handles.fit(dynamics, {"lips": dynamics[:, 0], "blink": dynamics[:, 1], "gaze yaw": dynamics[:, 2]})
    parts = pipe.renderer, pipe.motion, pipe.audio, pipe.detector
    configs = {**(pipe.configs or {}), "handles": config_of(handles)}
    return Pipeline(*parts, handles=handles, configs=configs, batch=4)


@pytest.fixture(scope="session")
def pipe() -> Pipeline:
    return tiny_pipeline()


@pytest.fixture(scope="session")
def portrait() -> Tensor:
    """Smooth colours: [3, 64, 64]."""
    rough = torch.rand(1, 3, 5, 5, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.interpolate(rough, (64, 64), mode="bicubic")[0].clamp(0, 1)


@pytest.fixture(scope="session")
def tone() -> Tensor:
    """1.3 s of a chirp, not a whole number of frames: [20800 + 123]."""
    time = torch.arange(20_923) / 16_000
    return 0.3 * torch.sin(2 * torch.pi * (200 + 300 * time) * time)


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """Folder of numbers that the published networks gave; tests that need it are skipped where it is absent."""
    beside = Path(__file__).parents[1].parent / "shared"
    folder = Path(os.environ.get("VASA_SHARED", beside)) / "data" / "fixtures"
    if not folder.is_dir():
        pytest.skip("the fixtures are not at hand; set VASA_SHARED to the folder that holds data/fixtures")
    return folder


@pytest.fixture(scope="session")
def whole(pipe: Pipeline, portrait: Tensor, tone: Tensor) -> Video:
    """What the pipeline makes of both."""
    return pipe(portrait, (tone, 16_000), seed=5)
