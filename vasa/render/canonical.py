"""G_3D: refines the canonical volume once a portrait (MegaPortraits, Fig. 9c)."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from vasa.render.blocks import ResBlock, conv, groups


class Canonical(nn.Module):
    """A 3-D U-Net: [B, C, D, H, W] -> [B, C, D, H, W].

    widths: channels of the two levels down and of the middle (paper: 192, 384, 512). scales: how each level changes
    (depth, height, width) on the way down; the paper's first doubles the depth while it halves the rest.
    """

    def __init__(
        self, *, volume: int, widths: Sequence[int], scales: Sequence[Sequence[float]], standardise: bool = False
    ) -> None:
        super().__init__()
        first, second, middle = widths
        self.channels = volume
        self.scales = [tuple(map(float, scale)) for scale in scales]

        def block(a: int, b: int) -> ResBlock:
            return ResBlock(3, a, b, standardise=standardise)

        self.down = nn.ModuleList([block(volume, first), block(first, second)])
        self.skip = nn.ModuleList([block(first, first), block(second, second)])
        self.turn, self.middle = block(second, middle), block(middle, middle)
        self.up = nn.ModuleList([block(first, volume), block(second, first)])
        self.enter = block(middle, second)
        self.norm = nn.GroupNorm(groups(volume), volume)
        self.last = conv(3, volume, volume)

    def forward(self, volume: Tensor) -> Tensor:
        x, kept = volume, []
        for block, skip, scale in zip(self.down, self.skip, self.scales, strict=True):
            x = block(x)
            kept.append(skip(x))
            x = F.interpolate(x, scale_factor=scale, mode="area")
        turned = self.turn(x)
        x = self.enter(turned + self.middle(turned))
        for block, skipped in zip(reversed(self.up), reversed(kept), strict=True):
            x = block(F.interpolate(x, size=skipped.shape[2:], mode="nearest") + skipped)
        return self.last(F.relu(self.norm(x)))
