"""JoyVASA's generator, small: a generator like any other, in LivePortrait's motion space."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.motion.joyvasa.small import small
from vasa.audio.hubert import HubertEncoder
from vasa.config import instantiate, leaf
from vasa.geometry import rotation
from vasa.motion.joyvasa import JoyVASAMotion
from vasa.motion.joyvasa.template import as_motion
from vasa.session import Session
from vasa.space import MotionSpace
from vasa.testing import check_motion_generator
from vasa.types import Controls, Motion


@pytest.fixture(name="generator")
def _generator() -> JoyVASAMotion:
    built: JoyVASAMotion = instantiate({**small("motion", "joyvasa"), "inertia": 0.0}).eval()
    built.template.offset[63] = 3.0  # a scale well above zero, as faces have
    return built


def track(generator: JoyVASAMotion, sound: Tensor) -> Motion:
    state, parts = generator.start(len(sound), seed=0), []
    for piece in sound.split(generator.window, dim=1):
        motion, state = generator.step(piece, Controls(), state)
        parts.append(motion)
    return Motion.cat(parts)


def test_it_is_a_generator_that_heeds_sound_and_pose_alone(generator: JoyVASAMotion) -> None:
    check_motion_generator(generator, 16, controls=())


@pytest.mark.parametrize(("name", "size"), [("gaze", 2), ("distance", 1), ("emotion", 8)])
def test_what_it_has_not_learned_is_refused(generator: JoyVASAMotion, name: str, size: int) -> None:
    with pytest.raises(ValueError, match=f"has not learned {name}; leave it out"):
        generator.step(torch.zeros(1, 20, 16), Controls(**{name: torch.zeros(1, size)}), generator.start(1, seed=0))


def test_its_space_is_liveportraits() -> None:
    generator = instantiate(small("motion", "joyvasa"))
    assert generator.space == MotionSpace.plain(63, name="liveportrait")
    assert generator.space == instantiate(leaf("motion", "liveportrait").space)


def test_another_space_is_refused() -> None:
    tree = small("motion", "joyvasa")
    tree.space.dynamics = 32
    with pytest.raises(ValueError, match="63 expression offsets and 7 numbers of pose; got a space with 32"):
        instantiate(tree)


def turns(axis: int, angle: Tensor) -> Tensor:
    """The usual right-handed rotation about x, y or z by an angle [] in radians."""
    matrix, (i, j) = torch.eye(3, dtype=torch.float64), ((axis + 1) % 3, (axis + 2) % 3)
    matrix[i, i] = matrix[j, j] = angle.cos()
    matrix[j, i], matrix[i, j] = angle.sin(), -angle.sin()
    return matrix


def test_liveportraits_pose_turns_the_same_head_the_same_way() -> None:
    pose = torch.tensor([[[1.5, 0.1, -0.2, 9.0, 12.0, -30.0, 8.0]]], dtype=torch.float64)  # s, t, pitch, yaw, roll
    motion = as_motion(torch.zeros(1, 1, 63), pose)
    pitch, yaw, roll = pose[0, 0, 4:].deg2rad()
    theirs = turns(2, roll) @ turns(1, yaw) @ turns(0, pitch)  # x right, y down, z into the picture
    axes = torch.diag(torch.tensor([1.0, -1.0, -1.0], dtype=torch.float64))
    torch.testing.assert_close(rotation(*motion.pose[0, 0, :3]), axes @ theirs @ axes)
    torch.testing.assert_close(motion.pose[0, 0, 3:5], pose[0, 0, 1:3])
    torch.testing.assert_close(motion.pose[0, 0, 5].exp(), pose[0, 0, 0])
    assert motion.pose[0, 0, 0] > 0  # a yaw of -30 is the picture's right in theirs, and so it is here


def test_a_scale_below_zero_has_a_logarithm_all_the_same() -> None:
    assert as_motion(torch.zeros(1, 1, 63), -torch.ones(1, 1, 7)).pose.isfinite().all()


def test_all_channels_are_carried_also_those_that_are_not_given_out(generator: JoyVASAMotion) -> None:
    sound = torch.randn(1, 20, 16)
    first, state = generator.step(sound, Controls(), generator.start(1, seed=0))
    assert state.motion.shape == (1, 10, 73)
    assert first.dynamics.shape == (1, 20, 63)
    for channel in (66, 72):  # t z, and one of the three that stand for nothing known
        other = state.motion.clone()
        other[..., channel] += 1
        changed, _ = generator.step(sound, Controls(), replace(state, motion=other))
        assert not torch.allclose(changed.frames(), generator.step(sound, Controls(), state)[0].frames())


def test_every_window_starts_from_the_tracks_noise_and_steps_have_the_frames_own(generator: JoyVASAMotion) -> None:
    begun = generator.start(2, seed=3)
    later = replace(begun, frame=begun.frame + 5)
    first, second = generator.noise(begun), generator.noise(later)
    assert torch.equal(first(0), second(0))
    assert torch.equal(first(1)[:, 5:], second(1)[:, :-5])
    for one, other in ((first(1), first(2)), (first(1), second(1)), (first(0)[:1], first(0)[1:])):
        assert (one - other).abs().mean() > 0.5


def test_inertia_is_one_exponential_mean_across_windows_and_leaves_what_is_carried(generator: JoyVASAMotion) -> None:
    sound = torch.randn(1, 50, 16)
    loose, expected = track(generator, sound), []
    generator.inertia = 0.9
    steady, now = track(generator, sound), loose.pose[:, 0]
    torch.testing.assert_close(steady.dynamics, loose.dynamics)
    for pose in loose.pose.unbind(1):
        now = 0.9 * now + 0.1 * pose
        expected.append(now)
    torch.testing.assert_close(steady.pose[..., :5], torch.stack(expected, dim=1)[..., :5], rtol=1e-4, atol=1e-5)


def test_a_stream_cut_otherwise_is_the_same_track(generator: JoyVASAMotion) -> None:
    encoder: HubertEncoder = instantiate(small("audio", "hubert")).eval()
    generator.inertia = 0.9
    sound = 0.1 * torch.randn(640 * 45 + 100)

    def motion(chunk: int) -> Motion:
        session = Session(
            motion=generator, audio=encoder, show=lambda m, _: iter([(torch.zeros(m.length, 3, 1, 1), m)]),
            controls=Controls(), seed=0, size_px=(1, 1), stride=None, device=torch.device("cpu"),
        )  # fmt: skip
        pieces = [piece for part in sound.split(chunk) for piece in session.feed(part)]
        return Motion.cat([piece.motion for piece in (*pieces, *session.finish())])

    whole, cut = motion(len(sound)), motion(999)
    assert whole.length == 46
    torch.testing.assert_close(whole.frames(), cut.frames(), rtol=0, atol=0)
