"""The offline detector finds a virtual person where it is, and says plainly where there is none."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from einops import rearrange
from PIL import Image
from torch.nn import functional as F

from vasa.face.cascade import CascadeDetector
from vasa.face.crop import Crop

PERSON = Path(__file__).parents[1] / "data" / "person.png"
SIDE_PX, X, Y, LOG_SCALE = 128, 0.040, 0.075, -0.187  # how the head lies in the picture


@pytest.fixture(scope="module")
def detector():
    return CascadeDetector()


@pytest.fixture(scope="module")
def person():
    return rearrange(torch.from_numpy(np.array(Image.open(PERSON))).float() / 255, "h w c -> c h w")


def in_a_scene(person, scale, left, top, size=400):
    """The person, enlarged, somewhere in a plain picture; and the crop that fits the head."""
    side = round(SIDE_PX * scale)
    scene = torch.full((3, size, size), 0.45)
    scene[:, top : top + side, left : left + side] = F.interpolate(
        person[None], (side, side), mode="bilinear", antialias=True
    )[0]
    centre = (1 + X) * side / 2 + left, (1 + Y) * side / 2 + top
    return scene, Crop(*centre, side * math.exp(LOG_SCALE))


@pytest.mark.parametrize(("scale", "left", "top"), [(1.0, 30, 50), (1.7, 150, 20), (3.0, 8, 10)])
def test_finds_the_person_where_it_is(detector, person, scale, left, top):
    scene, truth = in_a_scene(person, scale, left, top)
    found = detector(scene)
    assert found.angle == 0
    assert abs(found.x_px - truth.x_px) < 0.06 * truth.size_px
    assert abs(found.y_px - truth.y_px) < 0.06 * truth.size_px
    assert abs(math.log(found.size_px / truth.size_px)) < 0.15


def test_finds_a_tilted_head_and_leaves_it_tilted(detector, person):
    scene, truth = in_a_scene(person, 2.0, 70, 60)
    tilted = Crop(200, 200, 400, 0.2).crop(scene, 400)
    found = detector(tilted)
    assert found.angle == 0
    assert math.dist((found.x_px, found.y_px), (truth.x_px, truth.y_px)) < 0.15 * truth.size_px


def test_takes_the_largest_of_two(detector, person):
    scene, truth = in_a_scene(person, 2.0, 130, 100)
    small, _ = in_a_scene(person, 1.0, 0, 0)
    scene[:, :128, :128] = small[:, :128, :128]
    assert abs(detector(scene).x_px - truth.x_px) < 0.1 * truth.size_px


def test_a_face_of_twenty_pixels_is_too_small(detector, person):
    scene, truth = in_a_scene(person, 0.36, 60, 40, size=128)  # a face is 0.53 of its crop wide
    assert 18 < 0.53 * truth.size_px < 22
    with pytest.raises(ValueError, match=r"is (19|20|21|22) pixels wide; at least 32"):
        detector(scene)


@pytest.mark.parametrize("kind", ["grey", "noise", "stripes", "tiny"])
def test_no_face_is_no_face(detector, kind):
    picture = {
        "grey": torch.full((3, 60, 90), 0.5),
        "noise": torch.rand(3, 60, 60, generator=torch.Generator().manual_seed(0)),
        "stripes": torch.linspace(0, 40, 90).sin().add(1).div(2).expand(3, 60, 90),
        "tiny": torch.rand(3, 8, 8),
    }[kind]
    with pytest.raises(ValueError, match="No face was found"):
        detector(picture)
