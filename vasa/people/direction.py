"""What an actor is told to do through a clip: look there for some seconds, feel that, now something else.

People left to themselves meet the camera for nine tenths of their talk and mostly feel a little, so that a model which
heeds neither gaze nor emotion does well by them. Directed clips show what the controls of a motion generator ask for,
and change it within the clip, or a renderer would take eyes and mood from the portrait.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from vasa.clock import CLOCK
from vasa.types import EMOTIONS

CONTACT = 0.85  # share of the time at the place that was named
_REACH = np.deg2rad([24.0, 14.0])  # yaw, pitch
_HOLD_S = {"place": (1.2, 5.0), "emotion": (1.5, 6.0)}
_FADE = 3.0  # frames, standard deviation of the change from one emotion to another
_STRENGTH = (0.75, 1.0)


@dataclass(frozen=True)
class Direction:
    """Where to look and what to feel in each frame."""

    place: np.ndarray  # [T, 2] yaw, pitch in the camera frame, radians
    emotion: np.ndarray  # [T, 8] weights that sum to 1


def direction(rng: np.random.Generator, frames: int) -> Direction:
    """Draw places within 24 degrees to the sides and 14 up and down, and emotions, all eight alike often."""
    places = _held(rng.uniform(-_REACH, _REACH, (frames, 2)), rng, _HOLD_S["place"])
    moods = _held(np.stack([_mood(rng) for _ in range(frames)]), rng, _HOLD_S["emotion"])
    return Direction(places, gaussian_filter1d(moods, _FADE, axis=0, mode="nearest"))


def _mood(rng: np.random.Generator) -> np.ndarray:
    strength, mood = rng.uniform(*_STRENGTH), np.zeros(len(EMOTIONS))
    mood[EMOTIONS.index("neutral")] = 1 - strength
    mood[rng.integers(len(EMOTIONS))] += strength
    return mood


def _held(rows: np.ndarray, rng: np.random.Generator, seconds: tuple[float, float]) -> np.ndarray:
    """The first of rows [T, ...], held for so many seconds, then another, to as many frames."""
    least = CLOCK.frames_in(seconds[0])
    lengths = [CLOCK.frames_in(hold) for hold in rng.uniform(*seconds, size=1 + len(rows) // least)]
    return np.repeat(rows[: len(lengths)], lengths, axis=0)[: len(rows)]
