"""What is asked of a motion generator when its obedience is measured: grids, and controls moved from low to high."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch

from vasa.types import EMOTIONS, Controls

GAZE, DISTANCE, EMOTION, POSE = "gaze", "distance", "emotion", "pose"
CONTROLS = (GAZE, DISTANCE, EMOTION, POSE)
YAWS_DEG, PITCHES_DEG = (-15.0, 0.0, 15.0), (-10.0, 0.0, 10.0)
DISTANCES = (0.85, 1.0, 1.15)  # about one standard deviation of the virtual people's either way


@dataclass(frozen=True)
class Ask:
    """A control, by its name in `vasa.types.Controls`, and its constant value in the units of that; or nothing."""

    control: str = ""
    value: tuple[float, ...] = ()

    def controls(self, faces: int) -> Controls:
        """The same asked of so many faces."""
        value = torch.tensor([self.value]).expand(faces, -1)
        return Controls(**{self.control: value}) if self.control else Controls()


NOTHING = Ask()


@dataclass(frozen=True)
class Move:
    """One control moved from low to high; own: the quantity (`vasa.evaluate.quantities`) that should follow it."""

    name: str
    own: str
    low: Ask
    high: Ask


def gaze(yaw_deg: float, pitch_deg: float) -> Ask:
    """Look there, in the camera's frame."""
    return Ask(GAZE, (math.radians(yaw_deg), math.radians(pitch_deg)))


def distance(relative: float) -> Ask:
    """Be so far away, 1 is usual."""
    return Ask(DISTANCE, (relative,))


def emotion(name: str, strength: float = 1.0) -> Ask:
    """Show one emotion."""
    return Ask(EMOTION, tuple(strength * (name == one) for one in EMOTIONS))


def turn(yaw_deg: float, pitch_deg: float) -> Ask:
    """Turn the head by so much beside what it does."""
    return Ask(POSE, (math.radians(yaw_deg), math.radians(pitch_deg), 0.0, 0.0, 0.0, 0.0))


def grid(
    *, yaws_deg: Sequence[float] = YAWS_DEG, pitches_deg: Sequence[float] = PITCHES_DEG,
    distances: Sequence[float] = DISTANCES, controls: Collection[str] = CONTROLS,
) -> list[Ask]:  # fmt: skip
    """Every gaze, distance and emotion that is asked for by its value, as far as they are among the controls."""
    asks = {
        GAZE: [gaze(yaw, pitch) for yaw, pitch in product(yaws_deg, pitches_deg)],
        DISTANCE: [distance(relative) for relative in distances],
        EMOTION: [emotion(name) for name in EMOTIONS],
    }
    return [ask for control, some in asks.items() if control in controls for ask in some]


def moves(
    *, yaw_deg: float = YAWS_DEG[-1], pitch_deg: float = PITCHES_DEG[-1],
    distances: Sequence[float] = DISTANCES, controls: Collection[str] = CONTROLS,
) -> list[Move]:  # fmt: skip
    """The rows of the matrix of effects; an emotion moves from nothing asked to itself."""
    return [move for move in _moves(yaw_deg, pitch_deg, distances) if move.high.control in controls]


def _moves(yaw_deg: float, pitch_deg: float, distances: Sequence[float]) -> Iterator[Move]:
    yield Move("gaze yaw", "gaze yaw", gaze(-yaw_deg, 0), gaze(yaw_deg, 0))
    yield Move("gaze pitch", "gaze pitch", gaze(0, -pitch_deg), gaze(0, pitch_deg))
    yield Move("distance", "distance", distance(min(distances)), distance(max(distances)))
    yield from (Move(name, name, NOTHING, emotion(name)) for name in EMOTIONS)
    yield Move("head yaw", "head yaw", turn(-yaw_deg, 0), turn(yaw_deg, 0))
    yield Move("head pitch", "head pitch", turn(0, -pitch_deg), turn(0, pitch_deg))
