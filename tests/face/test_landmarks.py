"""The landmark detector turns 68 points into the same kind of crop, and says plainly what it lacks."""

from __future__ import annotations

import sys
from types import ModuleType
from urllib.error import URLError

import numpy as np
import pytest
import torch

from vasa.face.landmarks import LandmarkDetector
from vasa.face.points import CHIN, EYES, JAW, MOUTH


def points(width):
    """68 landmarks of a plain frontal face of this width at (100, 80): eyes, mouth and chin at known heights."""
    landmarks = np.zeros((68, 2), np.float32)
    landmarks[JAW, 0], landmarks[JAW, 1] = np.linspace(-width / 2, width / 2, 17), width / 4
    landmarks[CHIN] = 0, 0.7 * width
    landmarks[MOUTH, 1] = 0.4 * width
    landmarks[EYES, 1] = 0
    return landmarks + np.array([100, 80], np.float32)


def package(faces=(), error=None):
    """A stand-in for face_alignment, whose weights are not at hand here."""

    class FaceAlignment:
        def __init__(self, kind, device):
            assert (kind, device) == (2, "cpu")
            if error:
                raise error

        def get_landmarks_from_image(self, pixels):
            assert pixels.dtype == np.uint8
            return list(faces) or None

    module = ModuleType("face_alignment")
    module.FaceAlignment, module.LandmarksType = FaceAlignment, type("Kinds", (), {"TWO_D": 2})
    return module


def test_crop_fits_the_largest_face(monkeypatch):
    monkeypatch.setitem(sys.modules, "face_alignment", package([points(40) + 50, points(60)]))
    crop = LandmarkDetector()(torch.rand(3, 200, 200))
    assert (crop.x_px, crop.angle) == (100, 0)
    assert crop.y_px == pytest.approx(80 + 0.2 * 60)
    assert crop.size_px == pytest.approx(3 * 0.7 * 60)


@pytest.mark.parametrize(("faces", "words"), [([], "No face"), ([points(20)], "is 20 pixels wide")])
def test_no_face_or_a_small_one(monkeypatch, faces, words):
    monkeypatch.setitem(sys.modules, "face_alignment", package(faces))
    with pytest.raises(ValueError, match=words):
        LandmarkDetector()(torch.rand(3, 200, 200))


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "face_alignment", None)
    with pytest.raises(ValueError, match=r"pip install"):
        LandmarkDetector()
    monkeypatch.setitem(sys.modules, "face_alignment", package(error=URLError("no network")))
    with pytest.raises(ValueError, match="no network"):
        LandmarkDetector()
