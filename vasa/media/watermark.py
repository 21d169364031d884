"""An invisible mark in every frame that vasa writes, and the way to find it again after H.264 has been at it.

A faint pattern, the same in all frames, is laid over the picture in tiles. It is found by folding many frames into one
tile, where pictures average out and the pattern adds up, and looking for it at every shift (spread-spectrum marking,
Cox et al. 1997). Marked videos may be compressed and cropped, and made larger or smaller, as messengers do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

import numpy as np
import torch
from einops import reduce
from torch import Tensor
from torch.nn import functional as F

TILE = 64  # pixels
STRENGTH = 1.4 / 255  # root mean square, in luma; below what eyes see in a moving picture
FOUND = 6.0  # standard deviations above what pictures without the mark give
_SIZES, _APART, _MIDDLE = (0.45, 2.2), 1.5, 512  # scales that are looked at, in steps of so many pixels, in the middle
_TRIED = 0.5  # standard deviations: what the clearest of some hundred sizes is above one, where there is no mark
_WAVES = (5.0, 20.0)  # pixels a wave: fine enough not to be seen, coarse enough for H.264 to keep
_WHITENING = 0.7  # 1 would give waves that H.264 has wiped out as much say as the others
_CLIPPED = 6 / 255  # edges of the picture itself count no more than this
_LUMA = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709


@cache
def pattern() -> Tensor:
    """The mark: [TILE, TILE], mean 0, root mean square 1, tiles without seams."""
    noise = torch.from_numpy(np.random.Generator(np.random.PCG64(0x7A5A)).standard_normal((TILE, TILE)))
    shaped = torch.fft.ifft2(torch.fft.fft2(noise) * _band()).real
    return (shaped / shaped.square().mean().sqrt()).float()


def stamp(frames: Tensor) -> Tensor:
    """Mark frames [..., 3, H, W] in [0, 1]; a change of about 1.4 grey levels."""
    height, width = frames.shape[-2:]
    tiled = pattern().to(frames).tile(-(-height // TILE), -(-width // TILE))
    return (frames + STRENGTH * tiled[:height, :width]).clamp(0, 1)


def score(frames: Iterable[Tensor]) -> float:
    """How clearly the mark is in frames [3, H, W] of one size: about 4 without it, above FOUND with it.

    Where it is not found at the size at which vasa writes, as where a messenger has shrunk a video, it is looked for at
    others, `_SIZES`, in the middle of the picture, where chance has many tries and so must be clearer by `_TRIED`.
    """
    total = torch.stack([sum(map(_faint, frames))])  # type: ignore[list-item]
    best = _clearness(total[0])
    middle = _middle(total)
    scales = iter(_scales(min(middle.shape[-2:])))
    while best <= FOUND and (scale := next(scales, None)) is not None:
        best = max(best, _clearness(_resized(middle, 1 / scale)[0]) - _TRIED)
    return best


def _faint(frame: Tensor) -> Tensor:
    """What is fine and faint in a frame [3, H, W]: [H, W]."""
    luma = torch.einsum("chw,c->hw", frame.double(), frame.new_tensor(_LUMA).double())
    smooth = F.avg_pool2d(luma[None], 15, stride=1, padding=7, count_include_pad=False)[0]
    return (luma - smooth).clamp(-_CLIPPED, _CLIPPED)


def _clearness(picture: Tensor) -> float:
    """By how many standard deviations the mark's best place in [H, W] is above others."""
    spectrum = torch.fft.fft2(_folded(picture)) * _band()
    white = spectrum / spectrum.abs().clamp_min(1e-12) ** _WHITENING
    matches = torch.fft.ifft2(white * torch.fft.fft2(pattern().double()).conj()).real
    return float((matches.max() - matches.mean()) / matches.std().clamp_min(1e-12))


def _folded(picture: Tensor) -> Tensor:
    """Its tiles, summed: [H, W] -> [TILE, TILE]."""
    height, width = picture.shape
    padded = F.pad(picture, (0, -width % TILE, 0, -height % TILE))
    return reduce(padded, "(i h) (j w) -> h w", "sum", h=TILE, w=TILE)


def _scales(side: int) -> list[float]:
    """How many times as large as it was written a picture may be, the least changes first: so close together that
    tiles still lie on each other at the edges of `side` pixels."""
    low, high = (math.log(size) for size in _SIZES)
    found = torch.arange(low, high, math.log(1 + _APART / side)).exp().tolist()
    return sorted(found, key=lambda scale: abs(math.log(scale)))


def _middle(pictures: Tensor) -> Tensor:
    """[1, H, W] -> at most `_MIDDLE` pixels a side of it."""
    top, left = (max(0, side - _MIDDLE) // 2 for side in pictures.shape[-2:])
    return pictures[:, top : top + _MIDDLE, left : left + _MIDDLE].float()


def _resized(pictures: Tensor, scale: float) -> Tensor:
    """[1, H, W], so many times as large."""
    size = [max(1, round(side * scale)) for side in pictures.shape[-2:]]
    return F.interpolate(pictures[None], size, mode="bilinear", antialias=scale < 1)[0]


def _band() -> Tensor:
    """1 for the waves of the pattern, 0 for all others: [TILE, TILE] of a Fourier transform."""
    rate = torch.fft.fftfreq(TILE, dtype=torch.float64)
    waves = torch.hypot(rate[:, None], rate[None])
    return ((waves >= 1 / _WAVES[1]) & (waves <= 1 / _WAVES[0])).double()
