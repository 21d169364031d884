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

    The depth weights (our addition) say how far into the volume each pixel looks; they sum to 1. motion: size of the
    latents that also steer the features, together with the canonical places seen, so that a mouth that opens is painted
    where the mouth is (our addition; 0 leaves it out, as published).
    """

    def __init__(
        self, *, volume: int, depth: int, width: int, blocks: int, motion: int = 0, standardise: bool = False
    ) -> None:
        super().__init__()
        self.flat = conv(2, (volume + (3 if motion else 0)) * depth, width, 1)
        self.steer = nn.Linear(motion, 2 * width) if motion else None
        self.blocks = nn.Sequential(*(ResBlock(2, width, width, standardise=standardise) for _ in range(blocks)))
        self.depth = conv(2, width, depth, 1)

    def forward(self, volume: Tensor, field: Tensor, latents: Tensor) -> tuple[Tensor, Tensor]:
        """field [B, 3, D, H, W]: the canonical place of every cell; latents [B, M]."""
        if self.steer is None:
            features = self.flat(depth_to_channels(volume))
        else:
            flat = self.flat(depth_to_channels(torch.cat([volume, field.to(volume.dtype)], dim=1)))
            scale, shift = rearrange(self.steer(latents), "b (two c) -> two b c 1 1", two=2)
            features = flat * (1 + scale) + shift
        features = self.blocks(features)
        return features, self.depth(features).float().softmax(dim=1)


class Decoder(nn.Module):
    """G_2D: features [B, widths[0], H, W] -> picture [B, 3, H s 2^n, W s 2^n], n = number of widths after the first.

    ready: ready-made pictures it may use. 0: the published design, every pixel is painted. Ours takes 2, the source's
    own texture moved to its new place, which it paints over, and the source left still, which a learned mask lets
    through for the background. shuffle: s, the factor left to a pixel shuffle, so that nothing heavy runs at full size
    (paper: 1, none). sharpen: channels of one more step to twice the size, which begins as a plain enlargement of what
    the steps before it paint, so that a smaller renderer can grow; 0 leaves it out, and it needs ready-made pictures.
    """

    def __init__(
        self, *, widths: Sequence[int], ready: int, shuffle: int = 1, sharpen: int = 0, standardise: bool = False
    ) -> None:
        super().__init__()
        if ready not in (0, 2):
            raise ValueError(f"A decoder takes 0 or 2 ready-made pictures, moved and still; got ready={ready}.")
        if sharpen and not ready:
            raise ValueError("A decoder sharpens with ready-made pictures: set ready=2, or sharpen=0.")
        self.shuffle = shuffle
        extra = [0] * (len(widths) - 2) + [3 * ready * shuffle**2]
        pairs = zip(widths, widths[1:], extra, strict=False)
        self.up = nn.ModuleList(ResBlock(2, a + more, b, standardise=standardise) for a, b, more in pairs)
        self.norm = nn.GroupNorm(groups(widths[-1]), widths[-1])
        self.last = conv(2, widths[-1], (4 if ready else 3) * shuffle**2)
        self.fine = Fine(widths[-1], sharpen, shuffle=shuffle, standardise=standardise) if sharpen else None

    def forward(self, features: Tensor, ready: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Also returns how much of each pixel is the painted face: [B, 1, H, W], 1 without ready-made pictures."""
        x, out = self._painted(features, ready if self.fine is None else [F.avg_pool2d(p, 2) for p in ready])
        if not ready:
            return out.sigmoid(), torch.ones_like(out[:, :1])
        moved, still = ready
        if self.fine is not None:
            out = self.fine(x, out, [moved, still])
        out = out.contiguous()  # a slice of channels that come last is slow to go through
        face, share = (moved + out[:, :3].tanh()).clamp(0, 1), out[:, 3:].sigmoid()
        return share * face + (1 - share) * still, share

    def _painted(self, x: Tensor, ready: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The last features and what they say of each pixel, colours and share, before it is held to its range."""
        for block in self.up[:-1]:
            x = block(twice(x))
        x = self.up[-1](torch.cat([twice(x), *packed(ready, self.shuffle, like=x)], dim=1))
        return x, F.pixel_shuffle(self.last(F.relu(self.norm(x))).float(), self.shuffle)


class Fine(nn.Module):
    """One more step to twice the size: adds what the features [B, inputs, h, w] and the ready-made pictures at that
    size show to the enlarged painting."""

    def __init__(self, inputs: int, width: int, *, shuffle: int, standardise: bool) -> None:
        super().__init__()
        self.shuffle = shuffle
        self.block = ResBlock(2, inputs + 6 * shuffle**2, width, standardise=standardise)
        self.norm = nn.GroupNorm(groups(width), width)
        self.last = conv(2, width, 4 * shuffle**2)
        nn.init.zeros_(self.last.weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor, painted: Tensor, ready: Sequence[Tensor]) -> Tensor:
        x = self.block(torch.cat([twice(features), *packed(ready, self.shuffle, like=features)], dim=1))
        added = F.pixel_shuffle(self.last(F.relu(self.norm(x))).float(), self.shuffle)
        return F.interpolate(painted, scale_factor=2.0, mode="bilinear", align_corners=False) + added


def twice(x: Tensor) -> Tensor:
    """Every cell four times."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def packed(pictures: Sequence[Tensor], shuffle: int, *, like: Tensor) -> list[Tensor]:
    """Squares of pixels folded into channels, laid out as what they are joined to."""
    folded = [F.pixel_unshuffle(picture.to(like.dtype), shuffle) for picture in pictures]
    last = like.is_contiguous(memory_format=torch.channels_last)
    return [x.contiguous(memory_format=torch.channels_last) for x in folded] if last else folded
