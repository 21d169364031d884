"""Which points lie in a polygon."""

from __future__ import annotations

import numpy as np


def inside(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Whether points [N, 2] lie in the polygon of corners [K, 2], by the even-odd rule: [N] bool."""
    x, y = points.T
    found = np.zeros(len(points), bool)
    for (from_x, from_y), (to_x, to_y) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if from_y != to_y:
            at = from_x + (y - from_y) / (to_y - from_y) * (to_x - from_x)
            found ^= ((from_y > y) != (to_y > y)) & (x < at)
    return found
