"""Smooth random tracks on the video clock."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d


def wander(rng: np.random.Generator, frames: int, channels: int, *, width: float) -> np.ndarray:
    """Band-limited noise of unit variance: [T, channels]; `width` in frames is how slowly it goes."""
    margin = int(4 * width)
    noise = rng.standard_normal((frames + 2 * margin, channels))
    # A Gaussian of this width leaves 1 / (2 sqrt(pi) width) of the variance of white noise.
    return gaussian_filter1d(noise, width, axis=0)[margin : margin + frames] * np.sqrt(2 * np.sqrt(np.pi) * width)


def bumps(frames: int, centres: np.ndarray, heights: np.ndarray, *, width: float) -> np.ndarray:
    """Sum of Gaussian bumps of `width` frames: [T]."""
    if not len(centres):
        return np.zeros(frames)
    away = (np.arange(frames)[:, None] - centres[None]) / width
    return (np.exp(-0.5 * away**2) * heights).sum(1)
