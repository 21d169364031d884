"""Noise that belongs to a frame, not to a call: frame n of seed s is always the same."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def frame_noise(seed: Tensor, first: Tensor, draw: int = 0, *, frames: int, size: int) -> Tensor:
    """Standard normal noise for frames [first, first + frames) of each sample.

    seed, first: [B] integers, not negative. draw: a frame can be given noise several times, each time other noise.
    Returns [B, frames, size] on their device, float32. Each frame has a counter-based generator keyed by (seed, frame),
    so windows may be cut anywhere.
    """
    rows = [_track(s, n, frames, size, draw) for s, n in zip(seed.tolist(), first.tolist(), strict=True)]
    return torch.from_numpy(np.stack(rows)).to(seed.device)


def _track(seed: int, first: int, frames: int, size: int, draw: int) -> np.ndarray:
    return np.stack([_normal(seed, n, size, draw) for n in range(first, first + frames)])


def _normal(seed: int, frame: int, size: int, draw: int) -> np.ndarray:
    key, counter = np.array([seed, frame], dtype=np.uint64), np.array([0, 0, 0, draw], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter)).standard_normal(size, dtype=np.float32)
