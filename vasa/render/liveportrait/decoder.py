"""G: features become a picture through SPADE blocks (Park et al., 2019), each steered by those same features."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from vasa.render.blocks import conv

SLOPE = 0.2


class Spade(nn.Module):
    """Instance norm of x [B, channels, h, w], then a scale and shift made from features [B, features, H, W]."""

    def __init__(self, channels: int, features: int, hidden: int) -> None:
        super().__init__()
        self.shared = conv(2, features, hidden)
        self.gamma, self.beta = conv(2, hidden, channels), conv(2, hidden, channels)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        resized = F.interpolate(features, size=x.shape[2:], mode="nearest")
        hidden = F.relu(self.shared(resized))
        return F.instance_norm(x) * (1 + self.gamma(hidden)) + self.beta(hidden)


class SpadeBlock(nn.Module):
    """Two steered convolutions beside a skip: [B, inside, h, w] -> [B, outside, h, w]."""

    def __init__(self, inside: int, outside: int, *, features: int, hidden: int) -> None:
        super().__init__()
        middle, self.resized = min(inside, outside), inside != outside
        self.norm_in, self.norm_out = Spade(inside, features, hidden), Spade(middle, features, hidden)
        self.conv_in, self.conv_out = conv(2, inside, middle), conv(2, middle, outside)
        if self.resized:
            self.norm_skip, self.conv_skip = Spade(inside, features, hidden), conv(2, inside, outside, 1, bias=False)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        h = self.conv_in(F.leaky_relu(self.norm_in(x, features), SLOPE))
        h = self.conv_out(F.leaky_relu(self.norm_out(h, features), SLOPE))
        return h + (self.conv_skip(self.norm_skip(x, features)) if self.resized else x)


class SpadeDecoder(nn.Module):
    """Features [B, features, H, W] -> picture [B, 3, 8 H, 8 W] in [0, 1] for two enlargements.

    widths: channels at the start and after each doubling. blocks: at the start. hidden: inside each norm.
    """

    def __init__(self, *, features: int, widths: Sequence[int], blocks: int, hidden: int) -> None:
        super().__init__()

        def block(inside: int, outside: int) -> SpadeBlock:
            return SpadeBlock(inside, outside, features=features, hidden=hidden)

        self.first = conv(2, features, widths[0])
        self.middle = nn.ModuleList(block(widths[0], widths[0]) for _ in range(blocks))
        self.up = nn.ModuleList(block(a, b) for a, b in itertools.pairwise(widths))
        self.last = conv(2, widths[-1], 12)

    def forward(self, features: Tensor) -> Tensor:
        x = self.first(features)
        for block in self.middle:
            x = block(x, features)
        for block in self.up:
            x = block(F.interpolate(x, scale_factor=2, mode="nearest"), features)
        return F.pixel_shuffle(self.last(F.leaky_relu(x, SLOPE)), 2).sigmoid()
