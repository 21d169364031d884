from __future__ import annotations

import pytest
import torch

from vasa.config import instantiate, leaf
from vasa.motion import DiffusionMotion


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture
def tiny() -> DiffusionMotion:
    return instantiate(leaf("motion", "tiny")).eval()
