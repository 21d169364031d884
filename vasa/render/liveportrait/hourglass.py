"""A U-Net over a volume whose planes shrink and grow while its depth stays."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vasa.render.liveportrait.blocks import ConvNorm

PLANE = (1, 2, 2)


class Hourglass(nn.Module):
    """[B, inside, D, H, W] -> [B, outside, D, H, W]; widths: channels after each halving of the planes.

    Going up, each step gives half the width that it had going down and is joined by what went down there; `outside`,
    an attribute, is `widths[0] // 2 + inside`.
    """

    def __init__(self, inside: int, widths: Sequence[int]) -> None:
        super().__init__()
        met = [inside, *widths]
        self.down = nn.ModuleList(ConvNorm(3, a, b) for a, b in itertools.pairwise(met))
        grown = [width // 2 for width in reversed(widths)]
        joined = [widths[-1], *(a + b for a, b in zip(grown, reversed(met[:-1]), strict=True))]
        self.up = nn.ModuleList(ConvNorm(3, a, b) for a, b in zip(joined[:-1], grown, strict=True))
        self.outside = joined[-1]
        self.last = ConvNorm(3, self.outside, self.outside)

    def forward(self, x: Tensor) -> Tensor:
        met = [x]
        for block in self.down:
            met.append(F.avg_pool3d(block(met[-1]), PLANE))
        x = met.pop()
        for block in self.up:
            x = torch.cat([block(F.interpolate(x, scale_factor=PLANE, mode="nearest")), met.pop()], dim=1)
        return self.last(x)
