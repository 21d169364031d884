"""The last bit of a fit: the picture is bent so that its landmarks lie exactly where the head's are."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import map_coordinates

from vasa.face.points import JAW
from vasa.people.avatar import Avatar
from vasa.people.fitting.faces import Face
from vasa.people.fitting.solve import Fit
from vasa.people.landmarks import landmarks

_RING, _RING_POINTS = 1.1, 24  # crop units: so far out nothing is bent
_SMOOTH, _JAW_SMOOTH = 0.002, 0.05


def bend(avatar: Avatar, fit: Fit, face: Face, where: np.ndarray) -> np.ndarray:
    """For places [N, 2] of the fitted head, where the picture shows what belongs there: [N, 2], crop units."""
    parts = fit.placed(avatar, face.gaze).parts
    stand = landmarks(avatar, expression=fit.expression[None], parts=parts, distance=fit.distance)[0][0, :, :2]
    around = np.linspace(0, 2 * np.pi, _RING_POINTS, endpoint=False)
    ring = _RING * np.stack([np.cos(around), np.sin(around)], axis=1)
    smooth = np.full(len(stand) + len(ring), _SMOOTH)
    smooth[JAW] = _JAW_SMOOTH
    moves = np.r_[face.points - stand, np.zeros_like(ring)]
    spline = RBFInterpolator(np.r_[stand, ring], moves, kernel="thin_plate_spline", smoothing=smooth)
    inside = np.linalg.norm(where, axis=1) < _RING
    bent = where.astype(np.float64).copy()
    bent[inside] += spline(where[inside])
    return bent


def sample(picture: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Colours [N, C] of a square picture [S, S, C] at places [N, 2] in crop units; its edge goes on."""
    at = ((where + 1) / 2 * len(picture) - 0.5)[:, ::-1].T
    channels = [map_coordinates(picture[..., c], at, order=1, mode="nearest") for c in range(picture.shape[-1])]
    return np.stack(channels, axis=-1)
