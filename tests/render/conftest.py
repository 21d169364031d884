from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.films import make_film
from vasa.config import instantiate, leaf
from vasa.render import VolumeRenderer


@pytest.fixture
def renderer() -> VolumeRenderer:
    torch.manual_seed(0)
    return instantiate(leaf("renderer", "tiny")).eval()


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(tmp_path_factory.mktemp("film"))
