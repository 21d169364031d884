"""What a face looks like: the posed appearance volume and the identity code (MegaPortraits, Fig. 9a)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa.render.blocks import ResBlock, conv, groups
from vasa.render.trunk import trunk


class Appearance(nn.Module):
    """Picture [B, 3, H, W] -> volume [B, C, D, H / 2^n, W / 2^n], n = number of widths after the first.

    widths: channels of the first convolution, then of each halving block. volume: C. depth: D. refine: 3-D blocks.
    unshuffle: fold squares of this many pixels into channels first, so that nothing heavy runs at full size (paper: 1,
    none); it counts as halvings. size: pixels a side that pictures are brought to first (paper: as they are).
    """

    def __init__(
        self, *, widths: Sequence[int], volume: int, depth: int, refine: int, unshuffle: int = 1,
        size: int | None = None, standardise: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.depth, self.unshuffle, self.size = depth, unshuffle, size
        self.first = conv(2, 3 * unshuffle**2, widths[0], 7 if unshuffle == 1 else 3)
        pairs = itertools.pairwise(widths)
        self.down = nn.ModuleList(ResBlock(2, a, b, standardise=standardise) for a, b in pairs)
        self.norm = nn.GroupNorm(groups(widths[-1]), widths[-1])
        self.lift = conv(2, widths[-1], volume * depth, 1)
        self.refine = nn.Sequential(*(ResBlock(3, volume, volume, standardise=standardise) for _ in range(refine)))

    def forward(self, picture: Tensor) -> Tensor:
        if self.size is not None:
            picture = F.interpolate(picture, size=(self.size, self.size), mode="bilinear", antialias=True)
        x = self.first(F.pixel_unshuffle(picture, self.unshuffle))
        for block in self.down:
            x = F.avg_pool2d(block(x), 2)
        lifted = rearrange(self.lift(F.relu(self.norm(x))), "b (c d) h w -> b c d h w", d=self.depth)
        return self.refine(lifted)


class Identity(nn.Module):
    """Picture [B, 3, H, W] -> identity code [B, dim]; the paper's network is a ResNet-50."""

    def __init__(
        self, *, layers: Sequence[int], widths: Sequence[int], dim: int, size: int, bottleneck: bool = False
    ) -> None:
        super().__init__()
        self.size, self.dim = size, dim
        self.trunk = trunk(layers, widths, dim, bottleneck=bottleneck)

    def forward(self, picture: Tensor) -> Tensor:
        small = F.interpolate(picture, size=(self.size, self.size), mode="bilinear", antialias=True)
        return self.trunk(small * 2 - 1)
