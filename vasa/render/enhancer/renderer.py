"""G_enh: a renderer's pictures at twice their size, with the detail that they lack."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa.geometry import depth_to_channels
from vasa.render.appearance import Appearance
from vasa.render.blocks import ResBlock, conv, groups
from vasa.render.checks import check_picture
from vasa.render.protocol import Renderer
from vasa.types import Motion, Portrait


class Enhancer(nn.Module):
    """Picture [B, 3, S, S] -> [B, 3, 2 S, 2 S] (MegaPortraits, high-resolution model).

    encoder: looks at the enlarged picture; volume, depth: of what it gives. width, blocks: at its resolution
    (published: 512, 8). up: widths after each doubling, as many as the encoder halves; refine: at full size.
    """

    def __init__(
        self, *, encoder: Appearance, volume: int, depth: int, width: int, blocks: int, up: Sequence[int],
        refine: Sequence[int], standardise: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()

        def block(a: int, b: int) -> ResBlock:
            return ResBlock(2, a, b, standardise=standardise)

        self.encoder, self.enter = encoder, conv(2, volume * depth, width, 1)
        self.blocks = nn.Sequential(*(block(width, width) for _ in range(blocks)))
        self.up = nn.ModuleList(block(a, b) for a, b in itertools.pairwise([width, *up]))
        self.refine = nn.Sequential(*(block(a, b) for a, b in itertools.pairwise([up[-1], *refine])))
        self.norm = nn.GroupNorm(groups(refine[-1]), refine[-1])
        self.last = conv(2, refine[-1], 3)

    def forward(self, picture: Tensor) -> Tensor:
        large = F.interpolate(picture, scale_factor=2.0, mode="bilinear", align_corners=False)
        x = self.blocks(self.enter(depth_to_channels(self.encoder(large))))
        for block in self.up:
            x = block(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.last(F.relu(self.norm(self.refine(x)))).float().tanh() / 2 + 0.5


class EnhancedRenderer(nn.Module):
    """A renderer that shows another one's pictures at twice their size; implements `vasa.render.Renderer`."""

    def __init__(self, *, base: Renderer, enhancer: Enhancer) -> None:
        super().__init__()
        assert isinstance(base, nn.Module)
        self.base, self.enhancer = base, enhancer
        self.image_size, self.space = 2 * base.image_size, base.space

    def encode(self, image: Tensor) -> Portrait:
        """Picture [B, 3, H, W], values in [0, 1] -> what the base remembers of the face."""
        check_picture(image, self.image_size)
        portrait: Portrait = self.base.encode(F.avg_pool2d(image, 2))
        return portrait

    def motion_of(self, image: Tensor) -> Motion:
        """The motion seen in pictures [B, T, 3, H, W]."""
        check_picture(image, self.image_size)
        small = F.avg_pool2d(rearrange(image, "b t c h w -> (b t) c h w"), 2)
        motion: Motion = self.base.motion_of(rearrange(small, "(b t) c h w -> b t c h w", t=image.shape[1]))
        return motion

    def render(self, portrait: Portrait, motion: Motion) -> Tensor:
        """Show a face in motion: [B, T, 3, H, W], values in [0, 1]."""
        small = rearrange(self.base.render(portrait, motion), "b t c h w -> (b t) c h w")
        return rearrange(self.enhancer(small), "(b t) c h w -> b t c h w", t=motion.length)
