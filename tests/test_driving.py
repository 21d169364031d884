"""The head's way through a video is told as the picture shows it, also where the crop follows the head."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from tests.face.test_reader_detector import ReadsDiscs, proposing, scene
from vasa.driving import View, at_home, batches, first_crop, motion_in, views
from vasa.face.crop import Crop
from vasa.face.reader_detector import ReaderDetector
from vasa.face.tracking import Followed
from vasa.types import Motion

FIRST = Crop(80, 110, 110)


class SeesDiscs:
    """The part of a renderer that reads motion, of made-up faces."""

    def motion_of(self, image: Tensor) -> Motion:
        return Motion(ReadsDiscs()(image[0]).pose[None], torch.zeros(1, image.shape[1], 2))


class Fixed:
    """A detector that cannot follow."""

    def __call__(self, picture: Tensor) -> Crop:
        return FIRST


def seen(faces: list[Crop], detector: object) -> Tensor:
    """x, y, log scale [T, 3] of faces that move, in units of the first crop."""
    cut = views((scene(face, width=420) for face in faces), detector, FIRST, 96)
    motion = [motion_in(SeesDiscs(), some, torch.device("cpu")) for some in batches(cut, 4)]
    return Motion.cat(motion).pose[0, :, 3:]


def test_a_head_that_crosses_the_picture_does_so_in_the_motion() -> None:
    faces = [Crop(80 + 11 * n, 110 + n, 110 * 1.01**n) for n in range(25)]
    true = torch.tensor([(*place(face), math.log(face.size_px / FIRST.size_px)) for face in faces])
    followed = seen(faces, ReaderDetector(ReadsDiscs(), candidates=proposing()))
    torch.testing.assert_close(followed, true, atol=0.06, rtol=0)
    fixed = seen(faces, Fixed())  # it has left the first frame's crop
    assert (fixed - true)[-1, 0].abs() > 1


def test_a_head_that_stays_is_seen_as_if_nobody_followed() -> None:
    faces = [Crop(80 + n % 3, 110, 110) for n in range(6)]
    followed = seen(faces, ReaderDetector(ReadsDiscs(), candidates=proposing()))
    assert torch.equal(followed, seen(faces, Fixed()))


def test_poses_at_home_are_those_of_the_first_crop() -> None:
    home, crop = Crop(50, 60, 80, 0.1), Crop(90, 40, 40, 0.3)
    pose = torch.tensor([[[0.2, 0.1, 0.3, 0.5, -0.4, 0.1]]])
    told = at_home(pose, [Followed(crop, home)])[0, 0]
    torch.testing.assert_close(told[:2], pose[0, 0, :2])
    torch.testing.assert_close(told[2], torch.tensor(0.5))
    torch.testing.assert_close(home.to_picture(told[3:5]), crop.to_picture(pose[0, 0, 3:5]))
    assert told[5].exp() * home.size_px == torch.tensor(0.1).exp() * crop.size_px


def test_frames_are_taken_as_they_are_needed() -> None:
    taken = []

    def frames():
        for n in range(50):
            taken.append(n)
            yield scene(FIRST, width=420)

    first = next(views(frames(), ReaderDetector(ReadsDiscs(), candidates=proposing()), FIRST, 96))
    assert isinstance(first, View)
    assert len(taken) == 1


def test_a_video_that_begins_empty_is_waited_for() -> None:
    detector = ReaderDetector(ReadsDiscs(), candidates=proposing(FIRST))
    late = [scene(width=420)] * 7 + [scene(FIRST, width=420)] * 9
    found = first_crop(late, detector)
    assert (found.x_px, found.y_px) == pytest.approx((FIRST.x_px, FIRST.y_px), abs=3)
    with pytest.raises(ValueError, match="No face"):
        first_crop([scene(width=420)] * 60 + [scene(FIRST, width=420)], detector)


def place(face: Crop) -> tuple[float, float]:
    """The middle of a face in units of the first crop."""
    x, y = FIRST.to_crop(torch.tensor([face.x_px, face.y_px])).tolist()
    return x, y
