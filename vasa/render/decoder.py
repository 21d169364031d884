"""From a posed volume to a picture: P and G_2D (MegaPortraits, Fig. 9d)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa.geometry import depth_to_channels
from vasa.render.blocks import ResBlock, conv, groups


class Projection(nn.Module):
    """P and the blocks at volume resolution: volume [B, C, D, H, W] -> features [B, width, H, W], depth [B, D, H, W].

    The depth weights (our addition) say how far into the volume each pixel looks; they sum to 1.
    """

    def __init__(self, *, volume: int, depth: int, width: int, blocks: int, standardise: bool = False) -> None:
        super().__init__()
        self.flat = conv(2, volume * depth, width, 1)
        self.blocks = nn.Sequential(*(ResBlock(2, width, width, standardise=standardise) for _ in range(blocks)))
        self.depth = conv(2, width, depth, 1)

    def forward(self, volume: Tensor) -> tuple[Tensor, Tensor]:
        features = self.blocks(self.flat(depth_to_channels(volume)))
        return features, self.depth(features).float().softmax(dim=1)


class Decoder(nn.Module):
    """G_2D: features [B, widths[0], H, W] -> picture [B, 3, H s 2^n, W s 2^n], n = number of widths after the first.

    ready: how many ready-made pictures it may blend in (0: the published design, every pixel is painted; ours adds the
    source's own texture moved to its new place, and the source left still, for the background). A softmax mixes them.
    shuffle: s, the factor left to a pixel shuffle, so that nothing heavy runs at full size (paper: 1, none).
    """

    def __init__(self, *, widths: Sequence[int], ready: int, shuffle: int = 1, standardise: bool = False) -> None:
        super().__init__()
        self.shuffle = shuffle
        extra = [0] * (len(widths) - 2) + [3 * ready * shuffle**2]
        pairs = zip(widths, widths[1:], extra, strict=False)
        self.up = nn.ModuleList(ResBlock(2, a + more, b, standardise=standardise) for a, b, more in pairs)
        self.norm = nn.GroupNorm(groups(widths[-1]), widths[-1])
        self.last = conv(2, widths[-1], (3 + (ready + 1 if ready else 0)) * shuffle**2)

    def forward(self, features: Tensor, ready: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Also returns what it painted itself, and what each pixel is made of: [B, 1 + ready, H, W], painted first."""
        x = features
        for block in self.up[:-1]:
            x = block(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        packed = [F.pixel_unshuffle(picture.to(x.dtype), self.shuffle) for picture in ready]
        out = self.last(F.relu(self.norm(self.up[-1](torch.cat([x, *packed], dim=1)))))
        out = F.pixel_shuffle(out.float(), self.shuffle)
        painted, mix = out[:, :3].sigmoid(), out[:, 3:].softmax(dim=1) if ready else torch.ones_like(out[:, :1])
        layers = torch.stack([painted, *ready], dim=1)
        return (layers * rearrange(mix, "b n h w -> b n 1 h w")).sum(1), painted, mix
