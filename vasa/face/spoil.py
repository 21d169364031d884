"""What cameras, light and compression do to a picture; the labels stay. Blur and JPEG are kornia's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from kornia.enhance import jpeg_codec_differentiable
from kornia.filters import gaussian_blur2d
from torch import Tensor

from vasa.face.scatter import to_some

SMALLER = (0.5, 0.35, 0.25)  # sizes that pictures are brought down to, and up again


def spoiled(picture: Tensor, random: torch.Generator, *, share: float) -> Tensor:
    """[B, 3, H, W] in [0, 1], each kind of damage to about this share of them."""
    picture = coloured(picture, random)
    for damage in (blurred, coarse, noisy, compressed):
        picture = to_some(picture, partial(_damaged, damage, random), random, share)
    return picture


def _damaged(
    damage: Callable[[Tensor, torch.Generator], Tensor], random: torch.Generator, picture: Tensor, _rows: Tensor
) -> Tensor:
    return damage(picture, random)


def coloured(picture: Tensor, random: torch.Generator) -> Tensor:
    """Gain, gamma, contrast and colour cast; some pictures turn grey or pale."""

    def draw(amount: float, channels: int = 1) -> Tensor:
        return torch.randn(len(picture), channels, 1, 1, generator=random).to(picture) * amount

    pale = torch.rand(len(picture), 1, 1, 1, generator=random)
    pale = torch.where(pale < 0.12, torch.ones(()), (pale - 0.5).clamp_min(0)).to(picture)
    picture = torch.lerp(picture, picture.mean(1, keepdim=True), pale)
    picture = picture.clamp_min(1e-3) ** draw(0.3).exp() * (draw(0.2) + draw(0.1, 3)).exp()
    middle = picture.mean((1, 2, 3), keepdim=True)
    return (middle + (picture - middle) * draw(0.2).exp() + draw(0.05)).clamp(0, 1)


def blurred(picture: Tensor, random: torch.Generator) -> Tensor:
    """Out of focus, or moved to one side while the picture was taken."""
    width = 0.3 + 2.0 * torch.rand(len(picture), 2, generator=random) ** 2
    kernel = 9 if picture.shape[-1] > 9 else 3
    return gaussian_blur2d(picture, (kernel, kernel), width.to(picture), border_type="replicate")


def coarse(picture: Tensor, random: torch.Generator) -> Tensor:
    """From a picture of fewer pixels."""
    scale = SMALLER[int(torch.randint(len(SMALLER), (1,), generator=random))]
    small = F.interpolate(picture, scale_factor=scale, mode="bilinear", antialias=True)
    return F.interpolate(small, picture.shape[-2:], mode="bilinear", align_corners=False)


def noisy(picture: Tensor, random: torch.Generator) -> Tensor:
    """Grain of a sensor."""
    power = 0.08 * torch.rand(len(picture), 1, 1, 1, generator=random)
    return (picture + (power * torch.randn(picture.shape, generator=random)).to(picture)).clamp(0, 1)


def compressed(picture: Tensor, random: torch.Generator) -> Tensor:
    """As JPEG of quality 10 to 80 leaves it."""
    quality = (10 + 70 * torch.rand(len(picture), generator=random)).to(picture)
    height, width = picture.shape[-2:]
    padded = F.pad(picture, (0, -width % 16, 0, -height % 16), mode="replicate")
    with torch.no_grad():
        seen = jpeg_codec_differentiable(padded, quality)
    return seen[..., :height, :width].clamp(0, 1)
