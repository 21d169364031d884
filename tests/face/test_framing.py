"""Framing from landmarks: the square follows the face, and reproduces published crops where they are at hand."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from vasa.face.crop import Crop
from vasa.face.framing import DRIVING, LANDMARK_NETWORK, SOURCE, FramedDetector, Framing, opencv_map
from vasa.face.layouts import LAYOUTS, eye_openness, lip_openness


def face(tilt: float = 0.0) -> torch.Tensor:
    """Five points of an upright or tilted (clockwise) face at (100, 80): eyes, nose, corners of the mouth."""
    points = torch.tensor([[-20.0, -20], [20, -20], [0, 0], [-15, 25], [15, 25]], dtype=torch.float64)
    cos, sin = math.cos(tilt), math.sin(tilt)
    return points @ torch.tensor([[cos, sin], [-sin, cos]], dtype=torch.float64) + torch.tensor([100.0, 80.0])


def test_the_square_has_the_side_and_the_place_that_were_asked_for():
    framing = Framing(2.0, -0.1, turned=False)
    left, top, right, bottom = framing.box(face()).tolist()
    assert right - left == pytest.approx(2.0 * 45)
    assert (left + right) / 2 == pytest.approx(100)
    assert (top + bottom) / 2 == pytest.approx(80 + 2.5 - 0.1 * 90)


@pytest.mark.parametrize("tilt", [0.4, -1.0])
def test_a_turned_square_shows_the_same_face(tilt):
    upright, turned = SOURCE.crop(face(), 512), SOURCE.crop(face(tilt), 512)
    torch.testing.assert_close(turned.to_crop(face(tilt)), upright.to_crop(face()))
    assert turned.angle == pytest.approx(-tilt)
    assert DRIVING.crop(face(tilt), 512).angle == 0


def test_opencv_map_is_the_same_crop_in_opencv_pixels():
    crop = Crop(61.3, 47.2, 70.5, 0.3)
    points = torch.rand(9, 2, dtype=torch.float64) * 100  # the centre of the first pixel is (0, 0)
    mapped = points @ opencv_map(crop, 128)[:, :2].T + opencv_map(crop, 128)[:, 2]
    torch.testing.assert_close((mapped + 0.5) * 2 / 128 - 1, crop.to_crop(points + 0.5))


def test_a_detector_of_any_landmarks():
    detector = FramedDetector(lambda picture: face())
    assert detector(torch.zeros(3, 200, 200)) == SOURCE.crop(face(), 512)
    with pytest.raises(ValueError, match="is 4 pixels wide"):
        FramedDetector(lambda picture: face() / 10)(torch.zeros(3, 20, 20))
    with pytest.raises(ValueError, match="Got 4 landmarks; a face has 203, 106, 101, 68, 5"):
        SOURCE.crop(face()[:4], 512)


def test_openness_is_height_over_width():
    points = torch.zeros(203, 2)
    points[[0, 24, 48]] = torch.tensor([-2.0, 0.0])
    points[[12, 36, 66]] = torch.tensor([2.0, 0.0])
    points[[18, 42, 102]] = torch.tensor([[0.0, 1.0], [0.0, 2.0], [0.0, 3.0]])
    torch.testing.assert_close(eye_openness(points), torch.tensor([0.25, 0.5]))
    torch.testing.assert_close(lip_openness(points), torch.tensor([0.75]))
    with pytest.raises(ValueError, match="203 or 68 landmarks; got 106"):
        lip_openness(points[:106])


def test_openness_of_68_landmarks_is_measured_at_the_same_places():
    points = torch.zeros(68, 2)
    points[[39, 45, 54]] = torch.tensor([4.0, 0.0])
    points[[37, 38]] = torch.tensor([[1.0, -0.5], [3.0, -0.5]])
    points[[41, 40]] = torch.tensor([[1.0, 0.7], [3.0, 0.3]])
    points[[46, 47, 66]] = torch.tensor([2.0, 2.0])
    points[[43, 44, 62]] = torch.tensor([2.0, 0.0])
    torch.testing.assert_close(eye_openness(points), torch.tensor([0.25, 0.5]))
    torch.testing.assert_close(lip_openness(points), torch.tensor([0.5]))


@pytest.fixture(scope="module")
def wanted():
    folder = Path(os.environ.get("VASA_SHARED", Path(__file__).parents[2].parent / "shared"))
    file = folder / "data" / "fixtures" / "liveportrait.safetensors"
    if not file.is_file():
        pytest.skip("the fixtures are not at hand; set VASA_SHARED to the folder that holds data/fixtures")
    return load_file(file)


@pytest.mark.parametrize("count", sorted(set(LAYOUTS) - {101}))
def test_published_crops(wanted, count):
    points = wanted[f"crop.landmarks_{count}"]
    still = Framing(2.3, -0.125, turned=False)
    for name, framing, size_px in (("source", SOURCE, 512), ("landmark_net", LANDMARK_NETWORK, 224),
                                   ("no_rotation", still, 512)):  # fmt: skip
        found = opencv_map(framing.crop(points + 0.5, size_px), size_px)
        known = wanted[f"crop.{name}.image_to_crop_{count}"]
        torch.testing.assert_close(found[:, :2], known[:, :2], atol=1e-5, rtol=0)
        torch.testing.assert_close(found[:, 2], known[:, 2], atol=1e-3, rtol=0)  # pixels; made in float32
    torch.testing.assert_close(DRIVING.box(points), wanted[f"crop.driving.box_{count}"], atol=1e-3, rtol=0)
    assert -SOURCE.crop(points, 512).angle == pytest.approx(wanted[f"crop.angle_radians_{count}"].item(), abs=1e-5)


def test_published_ratios(wanted):
    points = wanted["crop.landmarks_203"]
    torch.testing.assert_close(eye_openness(points), wanted["ratio.eyes"].view(2))
    torch.testing.assert_close(lip_openness(points), wanted["ratio.lip"].view(1))
