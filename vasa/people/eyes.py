"""Where people look, and when they blink."""

from __future__ import annotations

import numpy as np

from vasa.clock import CLOCK

_BLINKS = (
    np.array([0.5, 1.0, 0.95, 0.35]),
    np.array([0.45, 1.0, 1.0, 0.6, 0.2]),
    np.array([0.3, 0.85, 1.0, 0.9, 0.5, 0.2]),
)
_PAUSE = 10  # frames from the beginning of one blink to the next at least


def gaze_track(rng: np.random.Generator, frames: int, *, contact: float, wide: bool) -> np.ndarray:
    """Wanted gaze [T, 2] in the camera frame: fixations joined by saccades; `contact` is the share near the camera."""
    track, at, frame = np.zeros((frames, 2)), np.zeros(2), 0
    while frame < frames:
        spread = (0.03, 0.02) if rng.random() < contact else ((0.4, 0.2) if wide else (0.17, 0.1))
        goal = rng.normal(0, spread)
        length = CLOCK.frames_in(rng.uniform(0.3, 2.4))
        settle = np.array([0.55, 0.95])[: min(2, frames - frame)]
        piece = np.repeat(goal[None], min(length, frames - frame), axis=0)
        piece[: len(settle)] = at + (goal - at) * settle[: len(piece), None]
        track[frame : frame + len(piece)] = piece
        at, frame = goal, frame + len(piece)
    return track + rng.normal(0, 0.002, track.shape)


def blink_track(rng: np.random.Generator, frames: int, *, per_minute: float, occasions: np.ndarray) -> np.ndarray:
    """How far the lids are closed by blinks: [T] in 0 to 1.

    Half of them come of themselves, the others at `occasions`, frames where phrases end (Nakano & Kitazawa 2010,
    Experimental Brain Research 205) or gaze shifts far (Evinger et al. 1994, Experimental Brain Research 100).
    """
    track, free_from = np.zeros(frames), 0
    for start in _starts(rng, frames, per_minute, occasions):
        if start >= free_from:
            blink = _BLINKS[rng.integers(len(_BLINKS))][: frames - start]
            track[start : start + len(blink)] = blink
            free_from = start + _PAUSE
    return track


def _starts(rng: np.random.Generator, frames: int, per_minute: float, occasions: np.ndarray) -> np.ndarray:
    """Frames at which blinks may begin, in order; what too few occasions do not take comes of itself."""
    expected = per_minute * frames / (60 * CLOCK.frame_rate)
    chance = min(0.7, 0.5 * expected / max(1, len(occasions)))
    taken = occasions[rng.random(len(occasions)) < chance]
    spontaneous = rng.integers(0, frames, rng.poisson(expected - chance * len(occasions)))
    return np.sort(np.concatenate([taken.astype(int), spontaneous]))


def far_shifts(look: np.ndarray, *, least: float = 0.15) -> np.ndarray:
    """Frames at which gaze [T, 2] begins to shift by more than `least` radians within two frames."""
    if len(look) < 3:
        return np.zeros(0, int)
    moved = np.linalg.norm(look[2:] - look[:-2], axis=1) > least
    return np.flatnonzero(moved & ~np.r_[False, moved[:-1]])
