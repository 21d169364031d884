"""What one step of a closeup's training draws, and how faces are varied for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor

from vasa.render.closeup import surface
from vasa.render.closeup.network import Closeup

_KNOTS = 4  # a side, between which faces are bent smoothly


@dataclass(frozen=True)
class Drawing:
    """Patches of B faces with n drivers each.

    source [B, 3, rows, columns]; made and truth [B * n, 3, rows, columns]; looked [B * n, rows, columns], the share of
    every pixel that is looked up in the source.
    """

    source: Tensor
    made: Tensor
    truth: Tensor
    looked: Tensor

    @classmethod
    def of(cls, closeup: Closeup, frames: Tensor, latents: Tensor, aside: Tensor) -> Self:
        """frames [B, 1 + n, 3, H, W], latents [B, 1 + n, M], and where faces are bent to, [B, rows, columns, 2]."""
        drivers = frames.shape[1] - 1

        def each(x: Tensor) -> Tensor:
            return repeat(x, "b ... -> (b n) ...", n=drivers)

        own, picture, bent_by = latents[:, 0], frames[:, 0], each(aside)
        wanted = rearrange(latents[:, 1:], "b n m -> (b n) m")
        change = closeup(each(closeup.look(picture, own, aside)), each(own), wanted)
        targets = rearrange(frames[:, 1:], "b n c h w -> (b n) c h w")
        return cls(
            source=closeup.patch(picture, own[:, :6], aside),
            made=closeup.drawn(change, each(picture), each(own), bent_by),
            truth=closeup.patch(targets, wanted[:, :6], bent_by),
            looked=change.maps[:, 2],
        )


def bent(closeup: Closeup, faces: int, amount: float, random: torch.Generator | None) -> Tensor:
    """Other proportions, canonical units beside every place of the patch: [B, rows, columns, 2]; 0 without chance."""
    if random is None or not amount:
        return torch.zeros(faces, closeup.rows, closeup.columns, 2)
    at = surface.places(closeup.rows, closeup.columns, torch.zeros(1))
    larger = amount * torch.randn(faces, 1, 1, 2, generator=random)
    knots = 0.3 * amount * torch.randn(faces, 2, _KNOTS, _KNOTS, generator=random)
    smooth = F.interpolate(knots, size=(closeup.rows, closeup.columns), mode="bicubic", align_corners=True)
    return larger * at + rearrange(smooth, "b i h w -> b h w i")
