from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vasa.clock import CLOCK, Clock
from vasa.space import MotionSpace
from vasa.types import Controls, Motion, Portrait, checked


def motion(batch: int = 2, frames: int = 3, dynamics: int = 4) -> Motion:
    return Motion(torch.randn(batch, frames, 6), torch.randn(batch, frames, dynamics))


def test_clock_counts_exactly():
    assert CLOCK.samples_per_frame == 640
    assert CLOCK.frames(6400) == 10
    assert [CLOCK.frames_covering(n) for n in (0, 1, 640, 641)] == [0, 1, 1, 2]
    assert CLOCK.samples(25) == CLOCK.sample_rate


def test_clock_refuses_parts_of_a_frame():
    with pytest.raises(ValueError, match="Session.push buffers"):
        CLOCK.frames(641)


@pytest.mark.parametrize("rates", [(44_100, 26), (16_000, 0), (-16_000, 25)])
def test_clock_needs_whole_samples(rates):
    with pytest.raises(ValueError, match="frame rate divides"):
        Clock(*rates)


def test_motion_checks_its_shapes():
    with pytest.raises(ValueError, match="pose"):
        Motion(torch.zeros(1, 2, 5), torch.zeros(1, 2, 4))
    with pytest.raises(ValueError, match="pose"):
        Motion(torch.zeros(1, 2, 6), torch.zeros(1, 3, 4))


def test_motion_cut_and_joined_is_the_same():
    whole = motion(frames=7)
    again = Motion.cat([whole[slice(0, 3)], whole[slice(3, 7)]])
    assert torch.equal(again.pose, whole.pose)
    assert torch.equal(again.dynamics, whole.dynamics)
    assert whole.frames().shape == (14, 10)
    assert torch.equal(whole.frames()[7, :6], whole.pose[1, 0])


def test_values_move_between_devices():
    moved = Controls(gaze=torch.zeros(1, 2)).to("meta")
    assert moved.gaze is not None
    assert moved.gaze.device.type == "meta"
    assert moved.emotion is None
    assert motion().to("meta").pose.device.type == "meta"


def test_controls_hold_constants_and_cut_curves():
    curve = torch.arange(10.0).reshape(1, 10, 1)
    cut = Controls(gaze=torch.ones(1, 2), distance=curve).window(8, 4)
    assert cut.gaze.shape == (1, 2)
    assert cut.distance.flatten().tolist() == [8, 9, 9, 9]  # the last value is held
    assert cut.emotion is None


def test_space_unpack_undoes_pack():
    space = MotionSpace(4, tuple(range(10)), tuple(0.5 + i for i in range(10)))
    track = motion()
    again = space.unpack(space.pack(track))
    torch.testing.assert_close(again.pose, track.pose)
    torch.testing.assert_close(again.dynamics, track.dynamics)


def test_measured_space_normalises():
    tracks = [motion(1, 200), motion(1, 300)]
    space = MotionSpace.measured(tracks)
    packed = torch.cat([space.pack(t) for t in tracks], dim=1)
    torch.testing.assert_close(packed.mean((0, 1)), torch.zeros(10), atol=1e-3, rtol=0)
    torch.testing.assert_close(packed.std((0, 1)), torch.ones(10), atol=1e-3, rtol=0)


def test_spaces_are_equal_by_value():
    assert MotionSpace.plain(4) == MotionSpace.plain(4)
    assert MotionSpace.plain(4) != MotionSpace.plain(5)
    assert MotionSpace.plain(4) != MotionSpace.plain(4, name="other")


def test_spaces_are_told_apart_in_one_short_line():
    spaces = [MotionSpace.plain(4), MotionSpace.plain(5), MotionSpace.plain(4, name="other")]
    spaces += [replace(spaces[0], mean=(0.1,) * 10), replace(spaces[0], frame_rate=30)]
    said = [str(space) for space in spaces]
    assert said[0].startswith("vasa(dynamics=4, frame_rate=25, statistics=")
    assert len(set(said)) == len(said)
    assert max(map(len, said)) < 80


def test_space_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="as many for its mean"):
        MotionSpace(4, (0.0,) * 9, (1.0,) * 10)
    with pytest.raises(ValueError, match="above zero"):
        MotionSpace(4, (0.0,) * 10, (0.0,) * 10)
    with pytest.raises(ValueError, match="11 numbers a frame, the space 10"):
        MotionSpace.plain(4).pack(motion(dynamics=5))


@pytest.mark.parametrize(
    ("controls", "complaint"),
    [
        (Controls(gaze=torch.tensor([[20.0, 0.0]])), "radians, not degrees"),
        (Controls(distance=torch.zeros(1, 1)), "above 0 and at most 10"),
        (Controls(emotion=torch.full((1, 8), 100.0)), "1 is an emotion at its full strength"),
        (Controls(pose=torch.tensor([[0.0, 0, 0, 3.0, 0, 0]])), "out of the picture"),
        (Controls(emotion=torch.zeros(1, 7)), r"is \[B, 8\]"),
    ],
)
def test_controls_that_mean_nothing_are_refused(controls: Controls, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        checked(controls)


def test_values_change_in_all_their_tensors_and_nothing_else() -> None:
    still = Motion(torch.zeros(1, 1, 6), torch.zeros(1, 1, 4))
    portrait = Portrait(torch.zeros(1, 2, 2, 2, 2), torch.zeros(1, 3), still, torch.zeros(1, 3, 4, 4))
    changed = portrait.map(lambda value: value + 1)
    assert float(changed.motion.pose.min()) == float(changed.picture.min()) == 1
    assert changed.head is None
    assert not portrait.motion.pose.any()


def test_controls_are_made_of_plain_numbers_and_names():
    made = Controls.of(gaze=(0.25, 0.0), distance=1.5, emotion={"happiness": 0.5, "surprise": 0.25}, pose=[0.0] * 6)
    assert made.form() == (2, 2, 2, 2)
    assert made.gaze.tolist() == [[0.25, 0.0]]
    assert made.distance.tolist() == [[1.5]]
    assert made.emotion.tolist() == [[0, 0, 0, 0, 0.5, 0, 0, 0.25]]
    assert Controls.of(emotion="anger").emotion.tolist() == [[1, *[0] * 7]]


def test_controls_are_curves_where_there_is_a_row_a_frame():
    curves = Controls.of(gaze=np.zeros((5, 2)), distance=[1.0, 1.1, 1.2], emotion=torch.eye(8)[:3])
    shapes = [tuple(value.shape) for value in (curves.gaze, curves.distance, curves.emotion)]
    assert shapes == [(1, 5, 2), (1, 3, 1), (1, 3, 8)]


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"emotion": "envy"}, "no emotion named 'envy'; there are: anger"),
        ({"gaze": "left"}, "made of numbers; got 'left'"),
        ({"gaze": (15.0, 0.0)}, "radians, not degrees"),
        ({"distance": (1.0, -1.0)}, "relative to the usual"),
        ({"pose": (0.1, 0.0)}, r"Controls.pose is \[B, 6\]"),
    ],
    ids=str,
)
def test_controls_that_make_no_sense_are_refused(asked, complaint):
    with pytest.raises(ValueError, match=complaint):
        Controls.of(**asked)


def test_values_are_shown_by_their_shapes():
    assert repr(motion(1, 250)) == "Motion(pose=[1, 250, 6], dynamics=[1, 250, 4])"
    assert repr(Controls.of(distance=1)) == "Controls(gaze=None, distance=[1, 1], emotion=None, pose=None)"


@pytest.mark.parametrize(("frames", "std"), [(1, None), (None, float("nan"))])
def test_a_space_needs_spreads(frames, std):
    with pytest.raises(ValueError, match="two frames or more|std of a motion space"):
        MotionSpace.measured([motion(1, frames)]) if frames else MotionSpace(1, (0.0,) * 7, (std,) * 7)
