"""The light in a picture of a face, and the skin's own colour without it.

R. Ramamoorthi and P. Hanrahan, An Efficient Representation for Irradiance Environment Maps, 2001: nine low
harmonics of the normal hold nearly all of what a matt surface sends back.
"""

from __future__ import annotations

import numpy as np

RESTRAINT = 0.7  # of the light's contrast is divided out
_STIFF = np.array([0.0, 0.02, 0.02, 0.02, 0.1, 0.1, 0.1, 0.1, 0.1])  # ridge, a texel
_RANGE = (0.4, 2.2)  # beyond it, light is taken for paint


def harmonics(normals: np.ndarray) -> np.ndarray:
    """The nine harmonics up to the second order, not normed: [N, 3] -> [N, 9]."""
    x, y, z = normals.T
    return np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], axis=1)


def estimate(brightness: np.ndarray, normals: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Coefficients [9] of the light, 1 on average, from linear brightness [N] over what is expected of the skin."""
    basis = harmonics(normals)
    relative = brightness / np.average(brightness, weights=weights)
    trust, found = weights, np.eye(9)[0]
    for _ in range(4):  # beards, brows and shine are outliers
        left = np.einsum("n,ni,nj->ij", trust, basis, basis) / trust.sum() + np.diag(_STIFF)
        found = np.linalg.solve(left, np.einsum("n,ni,n->i", trust, basis, relative) / trust.sum())
        away = np.abs(relative - basis @ found)
        trust = weights / (1 + (away / 0.2) ** 2)
    return found


def unlit(linear: np.ndarray, normals: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Linear colours [N, 3] with most of the light's unevenness divided out."""
    light = np.clip(harmonics(normals) @ coefficients, *_RANGE)
    return linear / light[:, None] ** RESTRAINT
