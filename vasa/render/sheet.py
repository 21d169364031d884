"""A contact sheet of what a renderer does: source, truth, shown, moved texture, share of the face."""

from __future__ import annotations

import torch
from einops import rearrange, repeat
from torch import Tensor

from vasa.render.volume import Shown


def sheet(source: Tensor, truth: Tensor, shown: Shown, *, columns: int = 8) -> Tensor:
    """source [B, 3, H, W], truth and shown of B * n frames -> one picture [3, rows * H, columns * W]."""
    each = repeat(source, "b c h w -> (b n) c h w", n=len(truth) // len(source))
    share = repeat(shown.share, "b 1 h w -> b c h w", c=3)
    pictures = (each, truth, shown.picture, shown.moved, share)
    rows = torch.stack([x[:columns].detach().cpu().float() for x in pictures])
    return rearrange(rows, "r b c h w -> c (r h) (b w)").clamp(0, 1)
