"""The reader's detector goes to where the reader says the head is, takes the largest plain face, and tells doubts."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from vasa.face.crop import Crop
from vasa.face.detector import UnclearFace, UnsureFace
from vasa.face.heads import cells
from vasa.face.reader_detector import SHIPPED, Found, ReaderDetector, certainty
from vasa.face.reading import FaceReading

RADIUS = 0.4  # of a made-up face, in crop units of the crop that fits it: a red disc whose upper half is green


def scene(*faces: Crop, height: int = 240, width: int = 300) -> Tensor:
    """Made-up faces in a grey picture [3, height, width], turned as their crops are."""
    picture = torch.full((3, height, width), 0.3)
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    for face in faces:
        units = face.to_crop(torch.stack([x, y], dim=-1))
        inside, upper = units.norm(dim=-1) < RADIUS, units[..., 1] < 0
        picture[0][inside], picture[1][inside & upper], picture[2][inside] = 1.0, 1.0, 0.0
    return picture


class ReadsDiscs:
    """Reads those faces by measuring them."""

    sharp_size = 96

    def __init__(self, face: float = 0.95, clear: float = 1.0) -> None:
        self.face, self.clear = face, clear

    def __call__(self, picture: Tensor) -> FaceReading:
        rows = [self._pose(one) for one in picture]
        pose, face = torch.stack([row[0] for row in rows]), torch.tensor([row[1] for row in rows])
        count = len(picture)
        return FaceReading(
            landmarks=torch.zeros(count, 68, 2), confidence=torch.full((count, 68), self.clear), pose=pose, face=face,
            gaze=pose[:, :2], blink=pose[:, :2], lip_opening=pose[:, 0], arkit=torch.zeros(count, 52),
            emotion=torch.ones(count, 8) / 8, identity=torch.ones(count, 1),
        )  # fmt: skip

    def _pose(self, picture: Tensor) -> tuple[Tensor, float]:
        places = cells(self.sharp_size, self.sharp_size, like=picture)
        disc = ((picture[0] - picture[2]) > 0.5).flatten()
        green = disc & (picture[1] > 0.65).flatten()
        if green.sum() < 20:
            return torch.zeros(6), 0.0
        x, y = places[disc].mean(0)
        up_x, up_y = places[green].mean(0) - places[disc].mean(0)
        radius = math.sqrt(float(disc.float().mean()) * 4 / math.pi)
        zero = torch.zeros(())
        log_scale = torch.tensor(radius / RADIUS).log()
        return torch.stack([zero, zero, torch.atan2(-up_x, -up_y), x, y, log_scale]), self.face


def proposing(*crops: Crop):
    def candidates(picture: Tensor) -> Iterator[list[Crop]]:
        yield []
        yield list(crops)

    return candidates


def close(found: Crop, truth: Crop, part: float = 0.03) -> bool:
    away = math.dist((found.x_px, found.y_px), (truth.x_px, truth.y_px))
    return away < part * truth.size_px and abs(math.log(found.size_px / truth.size_px)) < 2 * part


@pytest.mark.parametrize("angle", [0.0, 0.5, -1.2])
def test_a_rough_guess_becomes_the_crop_that_fits(angle: float) -> None:
    truth = Crop(90, 110, 100, angle)
    detector = ReaderDetector(ReadsDiscs(), candidates=proposing(Crop(100, 100, 130, angle / 2)))
    [found] = detector.refined(scene(truth), [Crop(100, 100, 130, angle / 2)])
    assert close(found.crop, truth)
    assert found.crop.angle == pytest.approx(angle, abs=0.05)
    answer = detector(scene(truth))
    assert answer.angle == 0
    assert close(answer, truth)


def test_the_largest_face_that_is_one_is_taken() -> None:
    small, large = Crop(60, 60, 70), Crop(200, 130, 110)
    detector = ReaderDetector(ReadsDiscs(), candidates=proposing(Crop(64, 60, 80), Crop(195, 130, 120)))
    picture = scene(small, large, height=240, width=300)
    found = [one.crop for one in detector.refined(picture, [Crop(64, 60, 80), Crop(195, 130, 120)])]
    assert close(found[0], small)
    assert close(found[1], large)


def test_where_the_reader_sees_none_there_is_none() -> None:
    detector = ReaderDetector(ReadsDiscs(), candidates=proposing(Crop(64, 60, 80)))
    with pytest.raises(ValueError, match="No face was found"):
        detector(scene())
    with pytest.raises(ValueError, match="pixels wide"):
        detector(scene(Crop(150, 120, 40), height=60 + 180, width=300))


def test_a_face_that_may_be_none_is_taken_with_a_warning() -> None:
    truth = Crop(90, 110, 100)
    doubtful = ReaderDetector(ReadsDiscs(face=0.72), candidates=proposing(Crop(95, 105, 120)))
    with pytest.warns(UnsureFace, match="only 72% certain") as told:
        assert close(doubtful(scene(truth)), truth)
    assert told[0].message.face == pytest.approx(0.72)
    with pytest.raises(ValueError, match="No face was found"):
        ReaderDetector(ReadsDiscs(face=0.6), candidates=proposing(Crop(95, 105, 120)))(scene(truth))


def test_a_face_that_is_hard_to_read_is_taken_with_a_warning() -> None:
    truth = Crop(90, 110, 100)
    unclear = ReaderDetector(ReadsDiscs(face=1.0, clear=0.66), candidates=proposing(Crop(95, 105, 120)))
    with pytest.warns(UnclearFace, match="landmarks are 66% certain") as told:
        assert close(unclear(scene(truth)), truth)
    assert told[0].message.clear == pytest.approx(0.66)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ReaderDetector(ReadsDiscs(face=1.0, clear=0.7), candidates=proposing(Crop(95, 105, 120)))(scene(truth))


def test_what_looks_like_a_face_but_has_no_landmarks_is_none() -> None:
    read = ReadsDiscs(face=1.0)(torch.zeros(2, 3, 96, 96))
    held = replace(read, face=torch.ones(2), confidence=torch.tensor([[0.8], [0.3]]).expand(2, 68))
    assert certainty(held)[0] == 1
    assert certainty(held)[1] < 0.3


def test_a_plain_face_is_taken_before_a_larger_doubtful_one() -> None:
    faces = {"small": Crop(60, 60, 70), "large": Crop(200, 130, 110)}
    detector = ReaderDetector(ReadsDiscs(), candidates=proposing(*faces.values()))
    assert close(detector(scene(*faces.values())), faces["large"])
    first = proposing(faces["large"], faces["small"])
    read = {70: 0.95, 110: 0.6}

    class Told(ReaderDetector):
        def refined(self, picture, crops):
            return [Found(crop, read.get(round(crop.size_px), 0.0)) for crop in crops]

    assert Told(ReadsDiscs(), candidates=first)(scene(*faces.values())) == faces["small"]


def test_a_guess_that_runs_away_is_left_out() -> None:
    detector = ReaderDetector(ReadsDiscs(), candidates=proposing())
    assert detector.refined(scene(Crop(150, 120, 30)), [Crop(110, 120, 120)]) == []
    assert detector.refined(scene(), []) == []


@pytest.mark.skipif(SHIPPED.is_dir(), reason="this copy has weights")
def test_a_copy_without_weights_says_so() -> None:
    with pytest.raises(ValueError, match="no checkpoint"):
        ReaderDetector.shipped()
