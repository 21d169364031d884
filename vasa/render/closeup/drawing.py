"""What one step of a closeup's training draws, and how faces are varied for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor

from vasa.geometry import sample_picture
from vasa.render.closeup import surface
from vasa.render.closeup.network import EYEBALL, Closeup, steps
from vasa.render.speed import exact

_KNOTS = 4  # a side, between which faces are bent smoothly
_SHUT = 0.001  # share of a picture that the inside of a mouth takes at most when it is shut
_LOST = 0.15  # canonical units: farther off than this counts no more


@dataclass(frozen=True)
class Drawing:
    """Patches of B faces with n drivers each.

    source [B, 3, rows, columns]; made and truth [B * n, 3, rows, columns]; change [B * n, 10, rows, columns], the maps
    that made them, see `Closeup`; astray [B * n, rows, columns], how far from the driver's places on the head those of
    its skin are that are looked up in the source; inside [B * n, rows, columns], how much of each pixel is the inside
    of the driver's mouth; teeth [B * n, 1, rows, columns], how much is said to be teeth if no lips covered it; closed
    [B * n], whether the source's mouth is shut, so that nothing of it can be looked up; eyeballs [B * n + B, rows,
    columns], how much of each pixel is eyeball, of drivers and then of sources, and eyeballs_said how much is said to
    be.
    """

    source: Tensor
    made: Tensor
    truth: Tensor
    change: Tensor
    astray: Tensor
    inside: Tensor
    teeth: Tensor
    closed: Tensor
    eyeballs: Tensor
    eyeballs_said: Tensor

    @classmethod
    def of(
        cls, closeup: Closeup, frames: Tensor, place: Tensor, behind: Tensor, latents: Tensor, aside: Tensor
    ) -> Self:
        """frames [B, 1 + n, 3, H, W], their place maps [B, 1 + n, 5, h, w] and what is behind lips and lids [B, 1 + n,
        2, h, w], latents [B, 1 + n, M], and where faces are bent to, [B, rows, columns, 2]."""
        drivers = frames.shape[1] - 1

        def each(x: Tensor) -> Tensor:
            return repeat(x, "b ... -> (b n) ...", n=drivers)

        own, picture, bent_by, hidden = latents[:, 0], frames[:, 0], each(aside), behind.float()
        wanted, targets, driven, shown = (
            rearrange(x[:, 1:], "b n ... -> (b n) ...") for x in (latents, frames, place, hidden)
        )
        details = closeup.look(picture, own, aside)
        change, teeth = closeup.with_teeth(each(details), each(own), wanted)
        at = closeup.places(own, aside)
        mouth, eyes = closeup.patch(shown, wanted[:, :6], bent_by).unbind(1)
        own_eyes = closeup.patch(hidden[:, 0], own[:, :6], aside)[:, 1]
        places = seen_places(driven, each(at), wanted)
        looked_up = seen_places(each(place[:, 0]), each(at) + steps(change), each(own))
        return cls(
            source=closeup.patch(picture, own[:, :6], aside),
            made=closeup.drawn(change, each(picture), each(own), bent_by),
            truth=closeup.patch(targets, wanted[:, :6], bent_by),
            change=change,
            astray=(1 - eyes) * _apart(places, looked_up),
            inside=mouth,
            teeth=teeth,
            closed=each(hidden[:, 0, 0].mean((1, 2)) < _SHUT),
            eyeballs=torch.cat([eyes, own_eyes]),
            eyeballs_said=torch.cat([change[:, EYEBALL], closeup.seen_eyes(details)[:, 0]]),
        )


def seen_places(place: Tensor, at: Tensor, latents: Tensor) -> Tensor:
    """The canonical places of what place maps [B, 5, H, W] of frames with latents [B, M] show at places [B, h, w, 2] of
    the surface, and whether that is the head: [B, 4, h, w]."""
    maps = torch.cat([place[:, :3].float() / 127.5 - 1, (place[:, 4:5] == 2).float()], dim=1)
    with exact(at.device):
        return sample_picture(maps, surface.on_picture(at, latents[:, :6].float()))


def _apart(wanted: Tensor, found: Tensor) -> Tensor:
    """How far, in canonical units, where both are on the head: what the source hides is not missed."""
    both = (wanted[:, 3] > 0.99) & (found[:, 3] > 0.99)
    return (wanted[:, :3] - found[:, :3]).abs().sum(1).clamp_max(_LOST) * both


def bent(closeup: Closeup, faces: int, amount: float, random: torch.Generator | None) -> Tensor:
    """Other proportions, canonical units beside every place of the patch: [B, rows, columns, 2]; 0 without chance."""
    if random is None or not amount:
        return torch.zeros(faces, closeup.rows, closeup.columns, 2)
    at = surface.places(closeup.rows, closeup.columns, torch.zeros(1))
    larger = amount * torch.randn(faces, 1, 1, 2, generator=random)
    knots = 0.3 * amount * torch.randn(faces, 2, _KNOTS, _KNOTS, generator=random)
    smooth = F.interpolate(knots, size=(closeup.rows, closeup.columns), mode="bicubic", align_corners=True)
    return larger * at + rearrange(smooth, "b i h w -> b h w i")
