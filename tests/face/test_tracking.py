"""Crops follow a face through a video, no further than they must, and keep count of where they went."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.face.test_reader_detector import ReadsDiscs, close, proposing, scene
from vasa.face.crop import Crop
from vasa.face.framing import SOURCE, FramedDetector
from vasa.face.reader_detector import ReaderDetector
from vasa.face.tracking import REST, Follows, Smooth, track

FIRST = Crop(70, 120, 130)
DETECTOR = ReaderDetector(ReadsDiscs(), candidates=proposing())


def test_a_face_that_stays_about_in_the_middle_keeps_its_crop() -> None:
    faces = [Crop(70 + 6 * (n % 2), 120, 130 + 5 * (n % 3)) for n in range(8)]
    assert {followed.crop for followed in track(map(scene, faces), DETECTOR, FIRST)} == {FIRST}


def test_a_face_that_crosses_the_picture_is_followed_and_its_way_is_known() -> None:
    faces = [Crop(70 + 9 * n, 120, 130) for n in range(18)]
    for face, followed in zip(faces, track(map(scene, faces), DETECTOR, FIRST), strict=True):
        assert close(followed.crop, face, REST[0] + 0.05)
        assert followed.home == FIRST


def test_a_face_that_is_hidden_for_a_moment_keeps_its_crop() -> None:
    frames = [scene(FIRST), scene(), scene(FIRST)]
    assert [followed.crop for followed in track(frames, DETECTOR, FIRST)] == [FIRST] * 3


def test_after_a_cut_the_head_goes_on_from_where_it_was() -> None:
    near, far = Crop(90, 120, 130), Crop(230, 90, 65)
    frames = [scene(near, width=300)] * 40 + [scene(far, width=300)] * 2
    detector = ReaderDetector(ReadsDiscs(), candidates=proposing(far))
    *_, before, after, _ = track(frames, detector, FIRST)
    assert close(after.crop, far)
    for units in (torch.zeros(1, 2), torch.ones(1, 2)):
        told = [one.home.to_crop(one.crop.to_picture(units)) for one in (before, after)]
        torch.testing.assert_close(told[1], told[0], atol=1e-4, rtol=0)


def test_a_face_that_is_gone_is_looked_for_now_and_then() -> None:
    class Blind:
        searches = 0

        def __call__(self, picture: Tensor) -> Crop:
            self.searches += 1
            raise ValueError("No face.")

        def near(self, picture: Tensor, last: Crop) -> Crop | None:
            return None

    blind = Blind()
    assert len([*track([torch.zeros(3, 2, 2)] * 30, blind, FIRST)]) == 30
    assert blind.searches == 3


def test_tracking_steadies_a_face_that_trembles() -> None:
    random = torch.Generator().manual_seed(0)
    shake = torch.randn(70, generator=random) * 1.5 + 1.0 * torch.arange(70)

    class Trembling:
        def __call__(self, picture: Tensor) -> Crop:
            return Crop(100, 100, 100)

        def near(self, picture: Tensor, last: Crop) -> Crop | None:
            return Crop(100 + float(picture.mean()), 100, 100)

    frames = [value.expand(3, 2, 2) for value in shake]
    x = torch.tensor([one.crop.x_px for one in track(frames, Trembling(), Crop(100, 100, 100), Smooth())])
    assert x.diff()[20:].std() < 0.5 * shake.diff().std()


def test_any_source_of_landmarks_can_be_followed() -> None:
    points = torch.tensor([[-20.0, -20], [20, -20], [0, 0], [-15, 25], [15, 25]])

    def landmarks(picture: Tensor) -> Tensor:
        """Five points about the one white pixel's neighbourhood, as large as the picture shows it."""
        bright = torch.nonzero(picture[0] > 0.5).float().flip(-1) + 0.5
        if not len(bright):
            raise ValueError("No face.")
        size = (bright.amax(0) - bright.amin(0) + 1).max() / 20
        return bright.mean(0) + size * points

    def shown(x: int) -> Tensor:
        picture = torch.zeros(3, 300, 400)
        picture[:, 140:160, x - 10 : x + 10] = 1
        return picture

    detector = FramedDetector(landmarks)
    assert isinstance(detector, Follows)
    last, truth = SOURCE.crop(points + torch.tensor([200.0, 150]), 512), detector(shown(220))
    found = detector.near(shown(220), last)
    assert found is not None
    assert (found.x_px, found.y_px) == pytest.approx((truth.x_px, truth.y_px), abs=1.0)
    assert found.size_px == pytest.approx(truth.size_px, rel=0.05)
    assert detector.near(torch.zeros(3, 300, 400), last) is None
