from __future__ import annotations

import copy
import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from vasa.config import instantiate, leaf
from vasa.motion import DiffusionMotion, MotionGenerator
from vasa.motion.noise import frame_noise
from vasa.motion.sampler import Denoise, Noise
from vasa.motion.schedule import Schedule
from vasa.types import Controls, Motion


@pytest.fixture
def sound(tiny: DiffusionMotion) -> Tensor:
    return torch.randn(2, 3 * tiny.window, tiny.audio_dim)


def track(tiny: DiffusionMotion, sound: Tensor, *, seed: int = 0, controls: Controls | None = None) -> Motion:
    state, parts = tiny.start(len(sound), seed=seed), []
    for first, piece in enumerate(sound.split(tiny.window, dim=1)):
        held = (controls or Controls()).window(first * tiny.window, piece.shape[1])
        motion, state = tiny.step(piece, held, state)
        parts.append(motion)
    return Motion.cat(parts)


def same(a: Motion, b: Motion) -> None:
    torch.testing.assert_close(a.frames(), b.frames(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("name", "millions"), [("tiny", 0.04), ("mini", 2.2), ("paper", 28)])
def test_configurations_have_the_size_they_promise(name: str, millions: float) -> None:
    with torch.device("meta"):
        generator = instantiate(leaf("motion", name))
    count = sum(p.numel() for p in generator.parameters())
    assert math.isclose(count / 1e6, millions, rel_tol=0.12)  # the paper says about 29 M
    assert isinstance(generator, MotionGenerator)


def test_the_same_seed_repeats_and_another_does_not(tiny: DiffusionMotion, sound: Tensor) -> None:
    first, again, other = (track(tiny, sound, seed=seed) for seed in (0, 0, 5))
    assert torch.equal(first.frames(), again.frames())
    assert (first.frames() - other.frames()).abs().max() > 0.05


def test_a_batch_equals_its_faces_alone(tiny: DiffusionMotion, sound: Tensor) -> None:
    both = track(tiny, sound, seed=3)
    same(Motion(both.pose[1:], both.dynamics[1:]), track(tiny, sound[1:], seed=4))


def test_noise_belongs_to_the_frame_not_to_the_window() -> None:
    seed = torch.tensor([7, 8])
    whole = frame_noise(seed, torch.tensor([0, 0]), frames=30, size=64)
    later = frame_noise(seed, torch.tensor([11, 12]), frames=5, size=64)
    torch.testing.assert_close(later, torch.stack([whole[0, 11:16], whole[1, 12:17]]), rtol=0, atol=0)
    assert abs(float(whole.std()) - 1) < 0.05
    assert abs(float((whole[0] * whole[1]).mean())) < 0.1


def test_what_was_made_is_carried_into_the_next_window(tiny: DiffusionMotion, sound: Tensor) -> None:
    piece = sound[:, : tiny.window]
    _, state = tiny.step(piece, Controls(), tiny.start(2, seed=0))
    assert state.known[:, tiny.carry :].all()
    assert state.frame.tolist() == [tiny.window] * 2
    torch.testing.assert_close(state.features[:, -tiny.carry :], piece[:, -tiny.carry :])
    onward = tiny.step(piece, Controls(), state)[0]
    forgetful = tiny.step(piece, Controls(), replace(state, known=torch.zeros_like(state.known)))[0]
    assert (onward.frames() - forgetful.frames()).abs().max() > 1e-3


def test_a_state_serves_twice(tiny: DiffusionMotion, sound: Tensor) -> None:
    piece = sound[:, : tiny.window]
    _, state = tiny.step(piece, Controls(), tiny.start(2, seed=0))
    first, second = (tiny.step(piece, Controls(), state)[0] for _ in range(2))
    assert torch.equal(first.frames(), second.frames())


def test_short_sound_gives_short_motion_that_nothing_behind_it_touches(tiny: DiffusionMotion, sound: Tensor) -> None:
    motion, state = tiny.step(sound[:, :3], Controls(), tiny.start(2, seed=0))
    assert motion.length == 3
    assert state.known.tolist() == [[False] * (tiny.carry + tiny.window - 3) + [True] * 3] * 2


def test_sound_of_a_window_reaches_it_and_no_earlier_one(tiny: DiffusionMotion, sound: Tensor) -> None:
    sound.requires_grad_()
    motion, w = track(tiny, sound), tiny.window
    reach = torch.autograd.grad(motion.dynamics[0, w : 2 * w].sum(), sound)[0]
    assert reach[0, 2 * w :].abs().max() == 0
    assert reach[1].abs().max() == 0
    assert (reach[0, w : 2 * w].abs().sum(-1) > 0).all()
    assert (reach[0, w - tiny.carry : w].abs().sum(-1) > 0).all()  # through A_pre and X_pre


def test_a_pose_offset_is_added_and_leaves_the_rest(tiny: DiffusionMotion, sound: Tensor) -> None:
    offset = torch.tensor([0.35, 0, 0, 0, 0, 0]).expand(2, 6)
    free, turned = track(tiny, sound), track(tiny, sound, controls=Controls(pose=offset))
    torch.testing.assert_close(turned.pose - free.pose, offset[:, None].expand_as(free.pose))
    assert torch.equal(turned.dynamics, free.dynamics)


@pytest.mark.parametrize("name", ["gaze", "distance", "emotion"])
def test_every_control_reaches_the_motion_and_a_constant_equals_its_curve(
    tiny: DiffusionMotion, sound: Tensor, name: str
) -> None:
    value = torch.full((2, {"gaze": 2, "distance": 1, "emotion": 8}[name]), 0.5)
    constant = track(tiny, sound, controls=Controls(**{name: value}))
    curve = track(tiny, sound, controls=Controls(**{name: value[:, None].expand(-1, sound.shape[1], -1)}))
    same(constant, curve)
    assert (constant.frames() - track(tiny, sound).frames()).abs().max() > 1e-3


def test_callers_mistakes_get_a_plain_sentence(tiny: DiffusionMotion, sound: Tensor) -> None:
    piece, state = sound[:, : tiny.window], tiny.start(2, seed=0)
    with pytest.raises(ValueError, match="NaN or infinite"):
        tiny.step(torch.full_like(sound[:, : tiny.window], float("nan")), Controls(), tiny.start(len(sound), seed=0))
    with pytest.raises(ValueError, match="A step takes features"):
        tiny.step(sound, Controls(), state)
    with pytest.raises(ValueError, match="A step takes features"):
        tiny.step(piece[..., :-1], Controls(), state)
    with pytest.raises(ValueError, match="The state holds"):
        tiny.step(piece, Controls(), tiny.start(1, seed=0))
    stranger = replace(tiny.space, mean=(0.5,) * tiny.space.size)
    with pytest.raises(ValueError, match="comes from another generator"):
        tiny.step(piece, Controls(), replace(state, space=stranger))
    with pytest.raises(ValueError, match=r"Controls\.gaze is"):
        tiny.step(piece, Controls(gaze=torch.zeros(2, 3)), state)
    with pytest.raises(ValueError, match="A seed is 0 or more"):
        tiny.start(1, seed=-1)


def test_inertia_steadies_the_head_across_windows_and_nothing_else(tiny: DiffusionMotion, sound: Tensor) -> None:
    loose = track(tiny, sound)[slice(0, tiny.window)]  # one window: later ones see what was made before
    tiny.inertia = 0.8
    whole = track(tiny, sound)
    steady = whole[slice(0, tiny.window)]
    torch.testing.assert_close(steady.dynamics, loose.dynamics)
    torch.testing.assert_close(steady.pose[:, 1], 0.8 * loose.pose[:, 0] + 0.2 * loose.pose[:, 1], rtol=1e-4, atol=1e-5)
    moved = whole.pose.diff(dim=1).abs()
    assert moved[:, tiny.window - 1].max() <= 5 * moved.mean()  # no jump at the seam


class _Noise:
    """A sampler whose motion is the noise that it begins with."""

    def __call__(self, denoise: Denoise, noise: Noise, schedule: Schedule) -> Tensor:
        return noise(0)


def test_liveliness_is_how_much_noise_the_angles_of_the_head_begin_with(tiny: DiffusionMotion, sound: Tensor) -> None:
    plain = tiny.using(sampler=_Noise(), guidance=tiny.guidance)
    plain.inertia = 0.0
    lively = copy.copy(plain)
    lively.liveliness = 1.5
    lively = lively.using(sampler=_Noise(), guidance=tiny.guidance)  # keeps it
    before, after = (tiny.space.pack(track(one, sound)) for one in (plain, lively))
    torch.testing.assert_close(after[..., :3], 1.5 * before[..., :3], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(after[..., 3:], before[..., 3:], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [({"inertia": 1.0}, "inertia is 0 or more and below 1"), ({"liveliness": 0.0}, "liveliness is above 0")],
)
def test_heads_that_never_move_are_refused(setting: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        instantiate({**leaf("motion", "tiny"), **setting})
