"""F: one picture becomes a volume of features."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa.render.blocks import conv
from vasa.render.liveportrait.blocks import ConvNorm, batch_norm


class Appearance(nn.Module):
    """Picture [B, 3, H, W] in [0, 1] -> volume [B, C, D, H/4, W/4] for two halvings.

    widths: channels of the first convolution and after each halving. volume, depth: C and D. blocks: residual blocks
    on the volume.
    """

    def __init__(self, *, widths: Sequence[int], volume: int, depth: int, blocks: int) -> None:
        super().__init__()
        self.depth = depth
        self.first = ConvNorm(2, 3, widths[0])
        self.down = nn.ModuleList(ConvNorm(2, a, b) for a, b in itertools.pairwise(widths))
        self.lift = conv(2, widths[-1], volume * depth, 1)
        self.refine = nn.Sequential(*(Refine(volume) for _ in range(blocks)))

    def forward(self, image: Tensor) -> Tensor:
        x = self.first(image)
        for block in self.down:
            x = F.avg_pool2d(block(x), 2)
        return self.refine(rearrange(self.lift(x), "b (c d) h w -> b c d h w", d=self.depth))


class Refine(nn.Module):
    """A residual block in 3 dimensions, norm and ReLU before each convolution; keeps the shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm_in, self.norm_out = batch_norm(3, channels), batch_norm(3, channels)
        self.conv_in, self.conv_out = conv(3, channels, channels), conv(3, channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv_in(F.relu(self.norm_in(x)))
        return x + self.conv_out(F.relu(self.norm_out(h)))
