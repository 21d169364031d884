"""How heads move while people talk and listen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from vasa.people.smooth import bumps, wander

HANDHELD_SHARE = 0.3  # of the clips
LIMIT = np.deg2rad([38.0, 22.0, 22.0])  # yaw, pitch, roll


@dataclass(frozen=True)
class HeadTrack:
    """Angles of head and body (yaw, pitch, roll), shift of the body in crop units, log scale."""

    head: np.ndarray  # [T, 3]
    body: np.ndarray  # [T, 3]
    shift: np.ndarray  # [T, 2]
    log_scale: np.ndarray  # [T]


def head_track(
    rng: np.random.Generator, frames: int, *, liveliness: float, stresses: np.ndarray, ends: np.ndarray,
    posture: np.ndarray, wide: bool,
) -> HeadTrack:  # fmt: skip
    """Drift, small fast motion, a nod at each stressed frame, and a new bearing after each frame where a phrase ends.

    posture: angles [T, 3] of the mood. `wide` clips turn much farther.
    """
    reach = np.deg2rad([15.0, 8.0, 8.0] if wide else [3.6, 2.4, 1.8])
    slow = wander(rng, frames, 3, width=rng.uniform(14, 22) if wide else rng.uniform(9, 15)) * reach
    fast = wander(rng, frames, 3, width=3.5) * np.deg2rad([0.55, 0.6, 0.4])
    nods = np.zeros((frames, 3))
    heights = np.deg2rad(rng.uniform(-4.0, -0.5, len(stresses)))
    nods[:, 1] = bumps(frames, stresses + 1.0, heights, width=3.2)
    base = rng.normal(0, np.deg2rad(4.0), 3)
    angles = base + posture + liveliness * (slow + fast + nods + bearing(rng, frames, ends))
    head = LIMIT * np.tanh(angles / LIMIT)
    body = 0.6 * base + np.deg2rad(0.8) * wander(rng, frames, 3, width=20)
    track = HeadTrack(head, body, *_stance(rng, frames, wide))
    return handheld(rng, track) if rng.random() < HANDHELD_SHARE else track


def handheld(rng: np.random.Generator, track: HeadTrack) -> HeadTrack:
    """The same motion seen by a camera in somebody's hand: the whole person drifts, trembles and tilts in the picture.

    What the camera does is written into the person's place, so that every label holds it.
    """
    frames, strength = len(track.shift), rng.uniform(0.4, 1.6)
    sway = 0.016 * wander(rng, frames, 2, width=rng.uniform(8, 16)) + 0.0025 * wander(rng, frames, 2, width=1.5)
    tilt = np.zeros((frames, 3))
    tilt[:, 2] = strength * np.deg2rad(0.8) * wander(rng, frames, 1, width=12)[:, 0]
    nearer = strength * 0.01 * wander(rng, frames, 1, width=15)[:, 0]
    return HeadTrack(track.head + tilt, track.body + tilt, track.shift + strength * sway, track.log_scale + nearer)


def bearing(rng: np.random.Generator, frames: int, ends: np.ndarray) -> np.ndarray:
    """Where the head is held phrase by phrase, about its middle place: [T, 3], it turns within half a second."""
    held = np.searchsorted(ends, np.arange(frames), side="right")
    places = rng.normal(0, np.deg2rad([2.2, 1.4, 1.2]), (len(ends) + 1, 3))
    return gaussian_filter1d(places[held], 4.0, axis=0, mode="nearest")


def _stance(rng: np.random.Generator, frames: int, wide: bool) -> tuple[np.ndarray, np.ndarray]:
    """Where the body stands in the picture, with sway and breath."""
    times = np.arange(frames)
    breath = 0.005 * np.sin(2 * np.pi * (times / 25 * rng.uniform(0.2, 0.33) + rng.random()))
    base = rng.normal(0, [0.08, 0.07]) * (1.4 if wide else 1.0)
    shift = np.clip(base, -0.25, 0.25) + 0.012 * wander(rng, frames, 2, width=16)
    shift[:, 1] += breath
    log_scale = np.clip(rng.normal(-0.05, 0.12), -0.4, 0.3) + 0.008 * wander(rng, frames, 1, width=18)[:, 0]
    return shift, log_scale
