"""Where people look, and when they blink."""

from __future__ import annotations

import numpy as np

from vasa.clock import CLOCK

_BLINKS = (
    np.array([0.5, 1.0, 0.95, 0.35]),
    np.array([0.45, 1.0, 1.0, 0.6, 0.2]),
    np.array([0.3, 0.85, 1.0, 0.9, 0.5, 0.2]),
)


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


def blink_track(rng: np.random.Generator, frames: int, *, per_minute: float) -> np.ndarray:
    """How far the lids are closed by blinks: [T] in 0 to 1."""
    track = np.zeros(frames)
    mean = CLOCK.frame_rate * 60 / per_minute
    frame = int(rng.exponential(mean))
    while frame < frames:
        blink = _BLINKS[rng.integers(len(_BLINKS))][: frames - frame]
        track[frame : frame + len(blink)] = np.maximum(track[frame : frame + len(blink)], blink)
        frame += 10 + int(rng.exponential(max(mean - 10, 1)))
    return track
