from __future__ import annotations

import pytest
import torch

from vasa.editing import lerp, swap, turned, with_dynamics, with_pose
from vasa.types import Motion


def motion(seed: int, *, faces: int = 1, length: int = 4) -> Motion:
    random = torch.Generator().manual_seed(seed)
    return Motion(torch.randn(faces, length, 6, generator=random), torch.randn(faces, length, 8, generator=random))


def test_swapping_twice_gives_back_both():
    left, right = motion(0), motion(1)
    there = swap(left, right)
    assert torch.equal(there[0].pose, right.pose)
    assert torch.equal(there[0].dynamics, left.dynamics)
    for got, wanted in zip(swap(*there), (left, right), strict=True):
        assert torch.equal(got.frames(), wanted.frames())


def test_a_single_frame_is_held():
    track, still = motion(0, faces=2), motion(1, length=1)
    held = with_pose(track, still)
    assert torch.equal(held.pose, still.pose.expand(2, 4, 6))
    assert torch.equal(held.dynamics, track.dynamics)
    assert torch.equal(with_dynamics(still, track).frames(), held.frames())


def test_lengths_that_do_not_go_together_are_refused():
    with pytest.raises(ValueError, match="4 frames does not go with .* 5"):
        with_pose(motion(0), motion(1, length=5))


def test_turning_changes_what_is_named_and_nothing_else():
    track, curve = motion(0), torch.linspace(0, 1, 4)
    changed = turned(track, yaw=0.2, log_scale=curve)
    difference = changed.pose - track.pose
    torch.testing.assert_close(difference[..., 0], torch.full((1, 4), 0.2))
    torch.testing.assert_close(difference[0, :, 5], curve)
    assert difference[..., 1:5].abs().max() == 0
    assert torch.equal(changed.dynamics, track.dynamics)
    with pytest.raises(ValueError, match="no tilt; it has yaw, pitch"):
        turned(track, tilt=0.1)


def test_mixing_motion_begins_at_one_and_ends_at_the_other():
    left, right = motion(0), motion(1)
    mixed = lerp(left, right, torch.linspace(0, 1, 4))
    torch.testing.assert_close(mixed.frames()[[0, -1]], torch.stack([left.frames()[0], right.frames()[-1]]))
    torch.testing.assert_close(lerp(left, right, 0.25).pose, 0.75 * left.pose + 0.25 * right.pose)
    with pytest.raises(ValueError, match="one size"):
        lerp(left, motion(1, length=3), 0.5)


def test_mixed_faces_lie_between_and_show_pictures(pipe):
    faces = [torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1)]
    with torch.no_grad():
        left, right = map(pipe.renderer.encode, faces)
        shown = [pipe.renderer.render(lerp(left, right, amount), left.motion) for amount in (0.0, 0.5, 1.0)]
        torch.testing.assert_close(shown[0], pipe.renderer.render(left, left.motion))
        torch.testing.assert_close(shown[2], pipe.renderer.render(right, left.motion), atol=1e-4, rtol=0)
    apart = [(shown[1] - end).abs().mean() for end in (shown[0], shown[2])]
    assert max(apart) < (shown[0] - shown[2]).abs().mean()
