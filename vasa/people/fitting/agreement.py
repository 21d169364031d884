"""How far a fitted person, drawn in the portrait's pose, differs from the portrait where the face is."""

from __future__ import annotations

import numpy as np
from einops import rearrange
from PIL import Image

from vasa.face.points import BROWS, JAW
from vasa.people.fitting.faces import Face
from vasa.people.fitting.polygon import inside

_SIDE = 64  # pixels: pores and brush strokes do not count


def difference(drawn: np.ndarray, face: Face) -> float:
    """Mean difference inside jaw and brows of a drawing [S, S, 3] uint8, over the mean of the picture.

    The drawing gets the picture's light first, as a gain of each colour that changes evenly across the picture: what is
    left are features out of place, hair before the face, and light from the side that is no slope.
    """
    grid = rearrange(np.mgrid[:_SIDE, :_SIDE][::-1], "xy row column -> (row column) xy")
    places = (grid + 0.5) / _SIDE * 2 - 1
    brows = face.points[BROWS][::-1]
    within = inside(places, np.r_[face.points[JAW], brows])
    picture, mine = (_small(values)[within] for values in (np.round(face.square * 255).astype(np.uint8), drawn))
    slope = np.c_[np.ones(within.sum()), places[within]]
    lit = np.empty_like(picture)
    for channel in range(3):
        basis = slope * mine[:, channel : channel + 1]
        lit[:, channel] = basis @ np.linalg.lstsq(basis, picture[:, channel], rcond=None)[0]
    return float(np.abs(lit - picture).mean() / picture.mean())


def _small(picture: np.ndarray) -> np.ndarray:
    """[P, 3] in 0 to 1, row by row."""
    small = Image.fromarray(picture).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return rearrange(np.asarray(small, np.float64) / 255, "y x c -> (y x) c")
