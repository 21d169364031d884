"""A head that its picture shows turned stays turned when it speaks, and its eyes look where they would have."""

from __future__ import annotations

import pytest
import torch

from vasa.motion.handles import Handles
from vasa.staying import StayNear, slowed
from vasa.transfer import KeepPlace, Track
from vasa.types import Motion, Portrait

ORIGIN = (0.0, 0.1, 0.2)


def portrait(yaw: float, pitch: float = 0.0) -> Portrait:
    pose = torch.tensor([[[yaw, pitch, 0.0, 0.3, 0.1, -0.1]]])
    return Portrait(torch.zeros(1, 1, 1, 1, 1), torch.zeros(1, 1), Motion(pose, torch.zeros(1, 1, 4)), torch.zeros(1))


@pytest.fixture
def track() -> Motion:
    random = torch.Generator().manual_seed(0)
    return Motion(0.1 * torch.randn(1, 5, 6, generator=random), 0.1 * torch.randn(1, 5, 4, generator=random))


@pytest.fixture
def handles() -> Handles:
    """Eyes are the first two dynamics."""
    made = Handles(names=["gaze pitch", "gaze yaw", "lips"], dynamics=4)
    made.weight.copy_(torch.eye(4)[:, [1, 0, 2]])
    made.direction.copy_(torch.eye(4)[[1, 0, 2]])
    made.low.fill_(-0.5)
    made.high.fill_(0.5)
    return made


def test_a_portrait_that_looks_nearly_ahead_turns_to_the_front(track: Motion) -> None:
    face = portrait(0.1, -0.12)
    near, kept = (rule(track, track, face) for rule in (StayNear(ORIGIN), KeepPlace(ORIGIN)))
    torch.testing.assert_close(near.frames(), kept.frames())


@pytest.mark.parametrize(("yaw", "by"), [(0.5, 0.38), (-0.6, -0.48)])
def test_a_turned_portrait_stays_turned_all_but_for_the_reach(track: Motion, yaw: float, by: float) -> None:
    near, kept = (rule(track, track, portrait(yaw)) for rule in (StayNear(ORIGIN), KeepPlace(ORIGIN)))
    wanted = kept.pose + torch.tensor([by, 0, 0, 0, 0, 0])
    near_enough = (yaw - wanted[..., 0]) * (1 if yaw > 0 else -1) <= 0.12
    torch.testing.assert_close(near.pose[near_enough], wanted[near_enough])
    torch.testing.assert_close(near.pose[..., 1:], wanted[..., 1:])
    assert {True, False} == {*near_enough.flatten().tolist()}
    assert torch.equal(near.dynamics, track.dynamics)


def test_a_turn_that_is_asked_for_is_made_whole(track: Motion) -> None:
    asked = torch.tensor([[-0.4, 0.1, 0.0, 0.0, 0.0, 0.0]])
    turned = Motion(track.pose + asked, track.dynamics)
    whole = Track(StayNear(ORIGIN), portrait(0.5))(track)
    carried = Track(StayNear(ORIGIN), portrait(0.5), asked)
    pieces = Motion.cat([carried(turned[slice(0, 2)]), carried(turned[slice(2, 5)])])
    torch.testing.assert_close(pieces.pose, whole.pose + asked)
    exact = Track(StayNear(ORIGIN), portrait(0.5), asked.double())(turned)  # as NumPy gives it
    assert exact.pose.dtype == torch.float32
    curve = torch.cat([torch.zeros(1, 3, 6), asked[:, None]], dim=1)  # its last value is held
    moved = Motion(track.pose + torch.cat([curve, asked[:, None]], dim=1), track.dynamics)
    carried = Track(StayNear(ORIGIN), portrait(0.5), curve)
    pieces = Motion.cat([carried(moved[slice(0, 2)]), carried(moved[slice(2, 5)])])
    torch.testing.assert_close(pieces.pose - whole.pose, moved.pose - track.pose)


def test_each_angle_has_its_own_reach(track: Motion) -> None:
    face = portrait(0.5, -0.5)
    face.motion.pose[..., 2] = 0.5
    near, kept = (rule(track, track, face) for rule in (StayNear(ORIGIN, reach=(0.1, 0.2, 0.3)), KeepPlace(ORIGIN)))
    wanted = kept.pose[..., :3] + torch.tensor([0.4, -0.3, 0.2])
    own, reach = torch.tensor([0.5, -0.5, 0.5]), torch.tensor([0.1, 0.2, 0.3])
    torch.testing.assert_close(near.pose, torch.cat([slowed(wanted, own, reach), kept.pose[..., 3:]], dim=-1))


def test_a_head_that_comes_back_too_far_slows_down_and_stops() -> None:
    own, reach = torch.tensor([0.5, -0.5, 0.1]), torch.tensor([0.2, 0.2, 0.2])
    back = torch.linspace(-0.3, 3.0, 400)[:, None]
    made = slowed(own - own.sign() * back, own, reach)
    came = (own - made) * own.sign()
    free = back[:, 0] <= 0.2
    torch.testing.assert_close(came[free], back[free].expand(-1, 3))
    torch.testing.assert_close(float(came[-1, 0]), 0.3)
    assert float(came[:, :2].diff(dim=0).min()) >= 0
    assert float(came[:, 0].diff().diff().abs().max()) < 1e-3  # without a jerk
    torch.testing.assert_close(came[:, 2], back[:, 0])  # this one is not turned


def test_eyes_turn_against_it_and_not_farther_than_they_reach(track: Motion, handles: Handles) -> None:
    rule = StayNear(ORIGIN, handles=handles)
    back = rule(track, track, portrait(0.5)).dynamics - track.dynamics
    torch.testing.assert_close(back, torch.tensor([-0.38, 0, 0, 0]).expand(1, 5, 4))
    far = rule(track, track, portrait(1.2, -0.3)).dynamics
    torch.testing.assert_close(far[..., 0], torch.full((1, 5), -0.5))
    torch.testing.assert_close(far[..., 1], track.dynamics[..., 1] + 0.18)


def test_handles_that_do_not_tell_both_ways_of_the_eyes_are_left_out(track: Motion) -> None:
    for names in (["lips"], ["gaze yaw"]):
        handles = Handles(names=names, dynamics=4)
        moved = StayNear(ORIGIN, handles=handles)(track, track, portrait(0.5))
        assert torch.equal(moved.dynamics, track.dynamics)
