"""Hops shorter than the window hold what was made and hear the whole window."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vasa.motion import DiffusionMotion, MotionState
from vasa.motion.conditions import Given
from vasa.motion.schedule import CosineSchedule
from vasa.motion.sliding import held, look
from vasa.types import Controls

HOP = 3


@pytest.fixture
def sound(tiny: DiffusionMotion) -> Tensor:
    return torch.randn(1, 30, tiny.audio_dim)


def after(tiny: DiffusionMotion, sound: Tensor, hops: int, seed: int = 0) -> MotionState:
    state = tiny.start(len(sound), seed=seed)
    for hop in range(hops):
        _, state = tiny.step(sound[:, hop * HOP :][:, :HOP], Controls(), state)
    return state


@pytest.mark.parametrize(("hops", "overlap"), [(0, 0), (1, 3), (2, 6), (3, 7), (8, 7)])
def test_the_window_ends_with_the_newest_sound(tiny: DiffusionMotion, sound: Tensor, hops: int, overlap: int) -> None:
    state, now = after(tiny, sound, hops), sound[:, hops * HOP :][:, :HOP]
    view, first = look(tiny.net, now, state), hops * HOP - overlap
    assert (view.overlap.tolist(), view.first.tolist()) == ([overlap], [first])
    heard = view.audio.known[0]
    assert heard.sum() == overlap + HOP
    torch.testing.assert_close(view.audio.value[0, heard], sound[0, first : first + overlap + HOP])
    assert view.made.known[0].tolist() == [True] * overlap + [False] * (tiny.window - overlap)
    before = view.previous_audio.known[0]
    assert before.sum() == min(first, tiny.carry)
    torch.testing.assert_close(view.previous_audio.value[0, before], sound[0, max(first - tiny.carry, 0) : first])


def test_what_is_made_stays_as_it_is_at_every_time() -> None:
    made = Given(torch.randn(1, 4, 2), torch.tensor([[True, True, False, False]]))
    noise, schedule, asked = torch.randn(1, 4, 2), CosineSchedule(), []

    def denoise(x_t: Tensor, time: Tensor) -> Tensor:
        asked.append(x_t)
        return torch.zeros_like(x_t)

    time, x_t = torch.tensor(0.4), torch.randn(1, 4, 2)
    clean = held(denoise, made, noise, schedule)(x_t, time)
    torch.testing.assert_close(clean[:, :2], made.value[:, :2])
    assert not clean[:, 2:].any()
    there = schedule.alpha(time) * made.value + schedule.sigma(time) * noise
    torch.testing.assert_close(asked[0][:, :2], there[:, :2])
    assert torch.equal(asked[0][:, 2:], x_t[:, 2:])


def test_sound_of_the_whole_window_reaches_the_new_frames(tiny: DiffusionMotion, sound: Tensor) -> None:
    sound.requires_grad_()
    motion, _ = tiny.step(sound[:, 4 * HOP :][:, :HOP], Controls(), after(tiny, sound, 4))
    reach = torch.autograd.grad(motion.dynamics.sum(), sound)[0][0].abs().sum(-1)
    assert (reach[5 * HOP - tiny.window : 5 * HOP] > 0).all()
    assert not reach[5 * HOP :].any()


def test_tracks_at_different_places_share_a_batch(tiny: DiffusionMotion, sound: Tensor) -> None:
    states = [after(tiny, sound, 1, seed=4), after(tiny, sound, 5, seed=9)]
    now = torch.cat([sound[:, :HOP], sound[:, 6:9]])
    both, later = tiny.step(now, Controls(), MotionState.cat(states))
    for row, state in enumerate(states):
        alone, after_alone = tiny.step(now[row : row + 1], Controls(), state)
        both_row = both.rows(slice(row, row + 1))
        torch.testing.assert_close(both_row.frames(), alone.frames(), rtol=1e-4, atol=1e-4)
        assert later[row : row + 1].frame.tolist() == after_alone.frame.tolist()
