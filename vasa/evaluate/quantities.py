"""What a track of a face comes to, as numbers that controls may move."""

from __future__ import annotations

import torch
from torch import Tensor

from vasa.face.reading import FaceReading
from vasa.types import EMOTIONS

QUANTITIES = ("gaze yaw", "gaze pitch", "distance", "lips", "blinks", "head yaw", "head pitch", *EMOTIONS)
UNITS = dict.fromkeys(QUANTITIES, "probability") | {
    "gaze yaw": "degrees", "gaze pitch": "degrees", "head yaw": "degrees", "head pitch": "degrees",
    "distance": "of the usual", "lips": "mean opening", "blinks": "a minute",
}  # fmt: skip
# A spread below these is none: what a reader can hardly tell apart must not become a large effect.
LEAST = dict.fromkeys(QUANTITIES, 0.02) | {
    "gaze yaw": 0.2, "gaze pitch": 0.2, "head yaw": 0.2, "head pitch": 0.2,
    "distance": 0.005, "lips": 0.002, "blinks": 1.0,
}  # fmt: skip
SURE = 0.5  # probability of a face from which a frame counts
SHUT = 0.5  # how far lids are closed in a blink, at least


def quantities(seen: FaceReading, *, frame_rate: float) -> Tensor:
    """Means over the frames that show a face, in the order and units of `QUANTITIES` [Q]; NaN where none does.

    seen: frames of one track in order of time. frame_rate: how many of them a second has.
    """
    shown = seen.face >= SURE
    gaze, angles = (value[shown].mean(0).rad2deg() for value in (seen.gaze, seen.pose[:, :2]))
    blinks = torch.tensor(blink_rate(seen.blink.mean(-1)[shown], frame_rate=frame_rate))
    rest = torch.stack([distance(seen)[shown].mean(), seen.lip_opening[shown].mean(), blinks])
    return torch.cat([gaze, rest, angles, seen.emotion[shown].mean(0)]).double()


def distance(seen: FaceReading) -> Tensor:
    """How far away the head is, relative to the usual, as films label it: exp(-log scale), [T]."""
    return (-seen.pose[:, 5]).exp()


def blink_rate(closed: Tensor, *, frame_rate: float) -> float:
    """Blinks a minute: how often lids [T], 0 open to 1 closed, pass the half."""
    if not len(closed):
        return float("nan")
    shut = torch.cat([closed.new_zeros(1), closed]) >= SHUT
    begun = int((shut[1:] & ~shut[:-1]).sum())
    return begun * 60 * frame_rate / len(closed)
