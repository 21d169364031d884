"""Brings one texture to the tone of another that is known in part, without a seam where they meet."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

_COARSE = 4  # texels of a texture to one of the field
_REACHES = (48.0, 12.0, 3.0)  # of the blurs, in texels of the field
_DARKEST = 1e-3
_TRUST = 0.03  # weight that the coarser field keeps


def toned(source: np.ndarray, target: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Linear `source` [H, W, 3] times a smooth field that carries it to `target` where `known` [H, W] is above 0."""
    small = known[::_COARSE, ::_COARSE]
    ratio = np.log(_small(target, known).clip(_DARKEST) / _small(source, known).clip(_DARKEST))
    field = np.broadcast_to(np.average(ratio, axis=(0, 1), weights=_repeat(small)), ratio.shape)
    for reach in _REACHES:
        total = gaussian_filter(small, reach)[..., None]
        near = gaussian_filter(ratio * small[..., None], (reach, reach, 0))
        field = (near + _TRUST * field) / (total + _TRUST)
    return source * np.exp(_large(field, known.shape))


def _repeat(weights: np.ndarray) -> np.ndarray:
    return np.repeat(weights[..., None], 3, axis=-1)


def _small(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """A picture at the field's size, of what is known where anything is."""
    weight = known + 1e-6
    near = gaussian_filter(values * weight[..., None], (_COARSE / 2, _COARSE / 2, 0))
    return (near / gaussian_filter(weight, _COARSE / 2)[..., None])[::_COARSE, ::_COARSE]


def _large(field: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    size = (shape[1], shape[0])
    layers = [
        Image.fromarray(field[..., c].astype(np.float32)).resize(size, Image.Resampling.BILINEAR) for c in range(3)
    ]
    return np.stack([np.asarray(layer) for layer in layers], axis=-1)
