"""The reader that ships finds a virtual person that it was not trained on, and is less sure where there is nobody."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from einops import rearrange
from PIL import Image
from torch import Tensor

from vasa import checkpoint
from vasa.face.crop import Crop
from vasa.face.framing import SOURCE, FramedDetector
from vasa.face.points import EYES, MOUTH
from vasa.face.reader_detector import SHIPPED, ReaderDetector, ReaderLandmarks

PERSON = Path(__file__).parents[1] / "data" / "person.png"
X, Y, LOG_SCALE = 0.040, 0.075, -0.187  # how the head lies in the picture

pytestmark = pytest.mark.skipif(not SHIPPED.is_dir(), reason="no shipped reader in this checkout")


@pytest.fixture(scope="module")
def person() -> Tensor:
    return rearrange(torch.from_numpy(np.array(Image.open(PERSON))).float() / 255, "h w c -> c h w")


@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_finds_the_person_where_it_is(person: Tensor, angle: float) -> None:
    turned = Crop(64, 64, 128, angle).crop(person, 128)
    found = ReaderDetector.shipped()(turned)
    place = Crop(64, 64, 128, angle).to_crop(64 + 64 * torch.tensor([X, Y])) * 64 + 64
    truth = 128 * math.exp(LOG_SCALE)
    assert math.dist((found.x_px, found.y_px), place.tolist()) < 0.08 * truth
    assert abs(math.log(found.size_px / truth)) < 0.12


def test_its_landmarks_frame_the_face_for_other_renderers(person: Tensor) -> None:
    points = ReaderLandmarks()(person)
    eyes, mouth = points[EYES].mean(0), points[MOUTH].mean(0)
    middle = 64 + 64 * torch.tensor([X, Y])
    assert math.dist(((eyes + mouth) / 2).tolist(), middle.tolist()) < 4
    assert FramedDetector(ReaderLandmarks())(person) == SOURCE.crop(points, 512)


@torch.no_grad()
def test_knows_a_face_from_noise(person: Tensor) -> None:
    reader = checkpoint.load(SHIPPED)
    noise = torch.rand(person.shape, generator=torch.Generator().manual_seed(0))
    face = reader(torch.stack([person, noise, torch.full_like(person, 0.5)])).face
    assert face[0] > 0.9
    assert face[1:].max() < 0.5
