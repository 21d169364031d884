"""Contact sheets of what a renderer does: themselves, as others, from all sides, and where every place came from."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange, reduce, repeat
from torch import Tensor

from vasa.render.volume import Shown, VolumeRenderer, spread
from vasa.types import Motion, Portrait

YAWS = (-0.5, -0.25, 0.0, 0.25, 0.5)  # radians


def sheet(source: Tensor, truth: Tensor, shown: Shown, *, columns: int = 8) -> Tensor:
    """Self-reenactment: source, truth, shown, moved texture, share of the face.

    source [B, 3, H, W], truth and shown of B * n frames -> one picture [3, rows * H, columns * W].
    """
    each = repeat(source, "b c h w -> (b n) c h w", n=len(truth) // len(source))
    share = repeat(shown.share, "b 1 h w -> b c h w", c=3)
    return _table([each, truth, shown.picture, shown.moved, share], columns)


def crossed(
    renderer: VolumeRenderer, portrait: Portrait, motion: Motion, driver: Tensor, *, columns: int = 8
) -> Tensor:
    """Cross-reenactment: source, the next one's driver [B, 3, H, W], and the source moving as that, its first frame."""
    latents = motion.frames()[:: motion.length].roll(1, dims=0)
    return _table([portrait.picture, driver.roll(1, dims=0), renderer.show(portrait, latents).picture], columns)


def canonical(renderer: VolumeRenderer, portrait: Portrait, *, columns: int = 8) -> Tensor:
    """Every source, and below it the canonical head at the source's dynamics, turned by `YAWS`."""
    latents = portrait.motion.frames().clone()
    latents[:, :6] = 0
    views = repeat(latents, "b m -> (b v) m", v=len(YAWS))
    views[:, 0] = views.new_tensor(YAWS).repeat(len(latents))
    shown = renderer.show(spread(portrait, len(YAWS)), views).picture
    return _table([portrait.picture, *rearrange(shown, "(b v) c h w -> v b c h w", v=len(YAWS))], columns)


def flow(portrait: Portrait, shown: Shown, *, columns: int = 8) -> Tensor:
    """Both warps as colours (x, y, z as red, green, blue, 0 in grey): the canonical place of what every pixel shows,
    and, for places on the middle slice of the canonical volume, where the source shows them."""
    places = reduce(shown.field * shown.depth[:, None], "b i d h w -> b i h w", "sum")
    rows = [_coloured(places, shown.picture)]
    if portrait.route is not None:
        route = portrait.route[:, :, portrait.route.shape[2] // 2]
        rows.append(_coloured(repeat(route, "b i h w -> (b n) i h w", n=len(places) // len(route)), shown.picture))
    return _table(rows, columns)


def _coloured(places: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(places.float() / 2 + 0.5, size=like.shape[-2:], mode="nearest")


def _table(rows: list[Tensor], columns: int) -> Tensor:
    pictures = torch.stack([x[:columns].detach().cpu().float() for x in rows])
    return rearrange(pictures, "r b c h w -> c (r h) (b w)").clamp(0, 1)
