"""How much of the picture each texel of the face takes: skin that is seen well, and nothing else."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, minimum_filter

from vasa.face.points import INNER_MOUTH, LEFT_EYE, OUTER_CORNERS, RIGHT_EYE
from vasa.people.fitting.faces import Face
from vasa.people.fitting.polygon import inside
from vasa.people.fitting.seen import Texels

_FACING = (0.12, 0.4)  # cosines between which trust in the picture grows
_FRONT = (0.0, 0.22)  # canonical z, likewise
_BROWS, _SIDES = (0.34, 0.39), (0.3, 0.36)  # canonical y and |x|: beyond them skin may be hidden by hair
_LID = (0.25, 0.5)  # of the way of the lids' rims
_LID_GROWTH, _LIP_GROWTH = 0.03, 0.02  # of eye and mouth openings, inter-ocular distances
_FEATHER = 3.0  # texels
_STRANGE = (0.05, 0.11)  # difference in parts of red and green at which a colour ceases to be the skin's
_DARKER, _BRIGHTER = (0.5, 0.9), (0.5, 0.9)  # the same of its log brightness


def smooth(values: np.ndarray, edges: tuple[float, float]) -> np.ndarray:
    """0 below the first edge, 1 above the second, a smooth ramp between."""
    ramp = np.clip((values - edges[0]) / (edges[1] - edges[0]), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def shares(texels: Texels, bent: np.ndarray, face: Face) -> np.ndarray:
    """Trust in the picture from geometry alone: [N] in 0 to 1; `bent` [N, 2] is where each texel is in the picture."""
    trust = texels.seen * smooth(texels.facing, _FACING) * smooth(texels.home[:, 2], _FRONT)
    trust *= 1 - smooth(texels.lid, _LID)  # closed lids are skin, whatever the picture shows of the eyes
    trust *= smooth(texels.head, (0.8, 0.95)) * (np.abs(bent) < 0.99).all(1)
    for opening, growth in ((RIGHT_EYE, _LID_GROWTH), (LEFT_EYE, _LID_GROWTH), (INNER_MOUTH, _LIP_GROWTH)):
        trust *= 1 - _within(bent, face, opening, growth)
    return trust


def _within(bent: np.ndarray, face: Face, opening: slice, growth: float) -> np.ndarray:
    corners = face.points[opening]
    grown = growth * np.linalg.norm(np.subtract(*face.points[list(OUTER_CORNERS)]))
    middle = corners.mean(0)
    away = corners - middle
    wide = middle + away * (1 + grown / np.linalg.norm(away, axis=1, keepdims=True).clip(1e-3))
    near = np.flatnonzero((np.abs(bent - middle) < np.abs(away).max(0) + 2 * grown).all(1))
    within = np.zeros(len(bent))
    within[near] = inside(bent[near], wide)
    return within


def skinlike(colours: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """How surely linear colours [N, 3] are skin that is usually of colour [3]: [N] in 0 to 1."""
    bright, usual_bright = colours.sum(1).clip(1e-4), usual.sum()
    hue = np.abs(colours[:, :2] / bright[:, None] - usual[:2] / usual_bright).max(1)
    lightness = np.log(bright / usual_bright)
    return (1 - smooth(hue, _STRANGE)) * (1 - smooth(-lightness, _DARKER)) * (1 - smooth(lightness, _BRIGHTER))


def hairy(home: np.ndarray) -> np.ndarray:
    """How much places [N, 3] on the neutral head may be covered by hair: [N] in 0 to 1."""
    return np.maximum(smooth(home[:, 1], _BROWS), smooth(np.abs(home[:, 0]), _SIDES))


def feathered(weights: np.ndarray) -> np.ndarray:
    """The same map [H, W] with soft edges that stay inside."""
    return gaussian_filter(minimum_filter(weights, size=int(2 * _FEATHER) + 1), _FEATHER)
