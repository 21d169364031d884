"""The first half of W: from two sets of key points to where every place of the volume comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor, nn

from vasa.geometry import depth_to_channels, sample_volume
from vasa.render.blocks import conv
from vasa.render.liveportrait.blocks import batch_norm
from vasa.render.liveportrait.hourglass import Hourglass
from vasa.render.liveportrait.keypoints import POINTS

SPREAD = 0.01  # variance of a key point's heat, in crop units squared


@dataclass(frozen=True)
class Flow:
    """where [B, D, H, W, 3]: the place of the source that each place shows; occlusion [B, 1, H, W]: how much of it."""

    where: Tensor
    occlusion: Tensor


class DenseMotion(nn.Module):
    """Volume [B, C, D, H, W] and key points [B, 21, 3] of source and driving -> Flow.

    volume, depth: C and D. compressed: channels of the volume that it looks at. widths: of the hourglass.
    """

    def __init__(self, *, volume: int, depth: int, compressed: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.compress, self.norm = conv(3, volume, compressed, 1), batch_norm(3, compressed)
        self.hourglass = Hourglass((POINTS + 1) * (compressed + 1), widths)
        self.mask = conv(3, self.hourglass.outside, POINTS + 1, 7)
        self.occlusion = conv(2, self.hourglass.outside * depth, 1, 7)

    def forward(self, volume: Tensor, source: Tensor, driving: Tensor) -> Flow:
        places = lattice(*volume.shape[2:], like=source)
        candidates = shifted(places, source, driving)  # [B, 22, D, H, W, 3]
        seen = self._look(volume, candidates)
        warmth = heat(places, driving) - heat(places, source)
        guess = torch.cat([F.pad(warmth, (0, 0, 0, 0, 0, 0, 1, 0))[:, :, None], seen], dim=2)
        features = self.hourglass(rearrange(guess, "b k c d h w -> b (k c) d h w"))
        share = self.mask(features).float().softmax(1)
        where = (share[..., None] * candidates).sum(1)
        return Flow(where, self.occlusion(depth_to_channels(features)).sigmoid())

    def _look(self, volume: Tensor, candidates: Tensor) -> Tensor:
        """The compressed volume at all candidate places: [B, 22, compressed, D, H, W]."""
        small = F.relu(self.norm(self.compress(volume))).float()
        copies = repeat(small, "b c d h w -> (b k) c d h w", k=POINTS + 1)
        seen = sample_volume(copies, rearrange(candidates, "b k d h w i -> (b k) d h w i"))
        return rearrange(seen, "(b k) c d h w -> b k c d h w", k=POINTS + 1)


def lattice(depth: int, height: int, width: int, *, like: Tensor) -> Tensor:
    """Places [D, H, W, 3] as x, y, z from -1 (first cell) to 1 (last).

    `sample_volume` takes -1 and 1 for the volume's outer faces: staying in place samples a little aside. The published
    weights were trained so.
    """
    axes = [torch.linspace(-1, 1, n, device=like.device, dtype=like.dtype) for n in (depth, height, width)]
    z, y, x = torch.meshgrid(*axes, indexing="ij")
    return torch.stack([x, y, z], dim=-1)


def shifted(places: Tensor, source: Tensor, driving: Tensor) -> Tensor:
    """Where places [D, H, W, 3] come from if all stays, or all moves with one key point: [B, 22, D, H, W, 3]."""
    shift = F.pad(source - driving, (0, 0, 1, 0))
    return places + rearrange(shift, "b k i -> b k 1 1 1 i")


def heat(places: Tensor, points: Tensor) -> Tensor:
    """A Gaussian around each key point: places [D, H, W, 3], points [B, 21, 3] -> [B, 21, D, H, W]."""
    apart = places - rearrange(points, "b k i -> b k 1 1 1 i")
    return (-0.5 / SPREAD * apart.square().sum(-1)).exp()
