"""Finds the 68 landmarks on a head whose texture is laid out in its own way, from its shape and how it moves.

The mean landmarks of VALID's avatars are bent (thin plates of three dimensions) so that eyes, nose, lips and chin lie
where the head has them, then moved to the nearest vertex of the skin: lids to what blinks, lips to what parts.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from vasa.people.avatar import CHIN_TO_EYES, EXPRESSION_INDEX, Avatar

_FEATURES: tuple[tuple[int, ...], ...] = (
    tuple(range(42, 48)),
    tuple(range(36, 42)),
    (30,),
    (62,),
    (66,),
    (60,),
    (64,),
    (8,),
)  # landmarks whose mean is left eye, right eye, tip of the nose, lips, corners of the inner lips, chin
_UPPER_LIDS = (37, 38, 43, 44)
_UPPER_LIP, _LOWER_LIP = (50, 51, 52, 61, 62, 63), (56, 57, 58, 65, 66, 67)
_SKIN, _EYE = 0, 1  # indices into KINDS
_TOUCHING = 0.03  # canonical units between closed lips
_NEAR = 0.12  # of a landmark's place; farther away it is somewhere else


def nearest_vertices(avatar: Avatar, mean: np.ndarray) -> np.ndarray:
    """Vertices [68] of an avatar at landmarks whose mean is [68, 3].

    Raises ValueError where the avatar has no face to find them on.
    """
    skin = (avatar.kind == _SKIN) & (avatar.weights[:, 0] > 0.3) & (avatar.normals[:, 2] > -0.35)
    blink = np.linalg.norm(_motion(avatar, "LeyeClose") + _motion(avatar, "ReyeClose"), axis=1)
    wanted = np.stack([mean[list(group)].mean(0) for group in _FEATURES])
    bent = RBFInterpolator(wanted, _features(avatar, skin), kernel="linear", degree=1)(mean)
    chosen = _nearest(avatar.points, skin, bent)
    drop = -_motion(avatar, "MouthOpen")[:, 1]
    groups = ((_UPPER_LIDS, blink > 0.6 * blink.max()), (_UPPER_LIP, drop < 0.25 * drop.max()),
              (_LOWER_LIP, drop > 0.5 * drop.max()))  # fmt: skip
    for group, moves in groups:
        chosen[list(group)] = _nearest(avatar.points, skin & moves, bent[list(group)])
    chosen[[62, 66]] = avatar.lips
    if np.linalg.norm(avatar.points[chosen] - bent, axis=1).mean() > _NEAR:
        raise ValueError("The avatar's face is too unlike a human one to find landmarks on it.")
    return chosen


def blinks(avatar: Avatar) -> bool:
    """Whether the avatar has eyes and lids to find its landmarks by."""
    return bool(_motion(avatar, "LeyeClose").any() and (avatar.kind == _EYE).any())


def _motion(avatar: Avatar, name: str) -> np.ndarray:
    motion = np.zeros_like(avatar.points)
    motion[: avatar.shifts.shape[1]] = avatar.shifts[EXPRESSION_INDEX[name]]
    return motion


def _nearest(points: np.ndarray, allowed: np.ndarray, places: np.ndarray) -> np.ndarray:
    index = np.flatnonzero(allowed)
    return index[cKDTree(points[index]).query(places)[1]]


def _features(avatar: Avatar, skin: np.ndarray) -> np.ndarray:
    """Where the head has what _FEATURES lists: [8, 3]."""
    points, joints = avatar.points.astype(np.float64), avatar.joints.astype(np.float64)
    eyes = [np.array([*joint[:2], points[avatar.kind == _EYE, 2].max() - 0.02]) for joint in joints[2:]]
    mouth = points[avatar.lips].mean(0)
    middle = skin & (np.abs(points[:, 0]) < 0.12)
    nose = points[middle & (points[:, 1] > mouth[1] + 0.06) & (points[:, 1] < joints[2, 1])]
    jaw = points[middle & (points[:, 1] < mouth[1] - 0.08)]
    chin = jaw[np.argmin(np.abs(jaw[:, 1] - (joints[2:, 1].mean() - CHIN_TO_EYES)) - 0.3 * jaw[:, 2])]
    right, left = _corners(avatar, mouth)
    return np.stack([*eyes, nose[nose[:, 2].argmax()], *points[avatar.lips], right, left, chin])


def _corners(avatar: Avatar, mouth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Right and left ends of where the lips touch: what stays and what drops lie together there."""
    drop = -_motion(avatar, "MouthOpen")[:, 1]
    lips = (
        (avatar.kind == _SKIN)
        & (np.abs(avatar.points[:, 1] - mouth[1]) < 0.08)
        & (avatar.points[:, 2] > mouth[2] - 0.15)
    )
    still, falls = (np.flatnonzero(lips & part) for part in (drop < 0.25 * drop.max(), drop > 0.4 * drop.max()))
    away, near = cKDTree(avatar.points[falls]).query(avatar.points[still])
    seam = (avatar.points[still] + avatar.points[falls][near])[away < _TOUCHING] / 2
    if not len(seam):
        raise ValueError("The avatar's lips do not touch at rest, so its landmarks cannot be found.")
    return seam[seam[:, 0].argmin()], seam[seam[:, 0].argmax()]
