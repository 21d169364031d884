"""What an actor is told to do through a clip: look there for some seconds, feel that.

People left to themselves meet the camera for nine tenths of their talk and mostly feel a little, so that a model which
heeds neither gaze nor emotion does well by them. Directed clips show what the controls of a motion generator ask for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vasa.clock import CLOCK
from vasa.types import EMOTIONS

CONTACT = 0.85  # share of the time at the place that was named
_REACH = np.deg2rad([24.0, 14.0])  # yaw, pitch
_HOLD_S = (2.5, 7.0)
_STRENGTH = (0.75, 1.0)


@dataclass(frozen=True)
class Direction:
    """Where to look in each frame, and what to feel all the time."""

    place: np.ndarray  # [T, 2] yaw, pitch in the camera frame, radians
    emotion: np.ndarray  # [8] weights that sum to 1


def direction(rng: np.random.Generator, frames: int) -> Direction:
    """Draw places within 24 degrees to the sides and 14 up and down, and one emotion, all eight alike often."""
    holds = rng.uniform(*_HOLD_S, size=1 + int(frames / CLOCK.frames_in(_HOLD_S[0])))
    places = rng.uniform(-_REACH, _REACH, (len(holds), 2))
    lengths = [CLOCK.frames_in(hold) for hold in holds]
    emotion = np.zeros(len(EMOTIONS))
    emotion[EMOTIONS.index("neutral")] = 1 - (strength := rng.uniform(*_STRENGTH))
    emotion[rng.integers(len(EMOTIONS))] += strength
    return Direction(np.repeat(places, lengths, axis=0)[:frames], emotion)
