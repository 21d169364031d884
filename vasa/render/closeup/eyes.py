"""Eyeballs that turn behind their lids."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa.render.closeup import surface
from vasa.render.closeup.paint import PixelPaint

BAND = (-0.36, -0.07)  # canonical y between which eyes lie
MIDDLE = (0.195, -0.205)  # canonical: the middle of the left one, and of the right one but for the sign of x
UNIT = 0.05  # canonical: about the radius of an iris
_SURE = (0.3, 0.7)  # how much of a source's pixel is eyeball where it begins to be looked up, and is wholly
_PARTS = (0.8, 0.6, 0.4, 0.2, 0.0)  # of the step, where the whole of it leads to no eyeball

SAID = 4  # numbers of a pixel: how much of it is eyeball, and its paint


class Eyes(nn.Module):
    """What shows between the lids: the source's eyeballs, turned.

    Skin and eyeballs part at the lids, so that one field of steps cannot move an iris without tearing its lids. An
    eyeball turns as a whole, and the step aside that shows it turned is the same for all of it: a line from what driver
    and source differ in, `turn` [2, M], which geometry tells (`vasa.render.closeup.beginning`) and losses of pictures
    would unlearn. What the source's lids hide cannot be looked up: the white next to it serves, and where there is none
    it is painted, by where a pixel lies from the iris of a mean face. That gaze can be warped is from DeepWarp (Ganin
    et al. 2016); not in the papers.

    motion: M, numbers of a latent. rows, columns: of the patch; embedding: numbers that tell the latents; hidden: see
    `PixelPaint`.
    """

    def __init__(self, *, motion: int, rows: int, columns: int, embedding: int, hidden: int = 16) -> None:
        super().__init__()
        self.register_buffer("turn", torch.zeros(2, motion))
        at = surface.places(rows, columns, torch.zeros(1))
        high, low = (
            math.ceil((edge - surface.MIDDLE_Y + surface.HALF[1]) * rows / (2 * surface.HALF[1]) - 0.5) for edge in BAND
        )
        self.rows, self.beyond = slice(high, low), (0, 0, high, rows - low)  # of the band, and how to put it back
        self.register_buffer("at", at[self.rows], persistent=False)
        x, y = self.at.unbind(-1)
        self.register_buffer("away", torch.stack([x - x.sign() * MIDDLE[0], y - MIDDLE[1]]), persistent=False)
        self.paint = PixelPaint(told=3, embedding=embedding, hidden=hidden)

    turn: Tensor
    at: Tensor
    away: Tensor

    def turned(self, change: Tensor) -> Tensor:
        """The step aside, canonical units, for latents that change so much: [B, M] -> [B, 2]."""
        return UNIT * change @ self.turn.mT

    def share(self, said: Tensor) -> Tensor:
        """How much of each pixel is eyeball, of numbers [B, SAID, rows, columns]: [B, 1, rows, columns]."""
        found = (said[:, :1, self.rows] - 3).sigmoid()  # little of a new closeup's pixels
        return F.pad(found, self.beyond)

    def forward(self, said: Tensor, seen: Tensor, own: Tensor, latents: Tensor, embedding: Tensor) -> Tensor:
        """Numbers [B, SAID, rows, columns], how much of the source is eyeball [B, 1, rows, columns], latents of
        source and driver [B, M], and what tells both [B, E] -> seven maps, see `Closeup`: [B, 7, rows, columns]."""
        aside, found = self._looked_up(seen, self.turned(own), self.turned(latents - own))
        paint = (_soft(said[:, 1:, self.rows]) + self._paint(latents, embedding)).sigmoid()
        maps = torch.cat([rearrange(aside, "b h w i -> b i h w"), found, paint], dim=1)
        return torch.cat([self.share(said), F.pad(maps, self.beyond)], dim=1)

    def _looked_up(self, seen: Tensor, own: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
        """The step aside of the band's pixels [B, h, columns, 2], and how surely it meets eyeball [B, 1, h, columns]:
        `step` [B, 2], or as much of it as does, where lids are in the way and the source's iris, turned by `own`
        [B, 2], is not: next to white there is more white."""
        whole = rearrange(step, "b i -> b 1 1 i").expand(-1, *self.at.shape)
        aside, found = whole, self._met(seen, whole)
        for part in _PARTS:
            shorter = part * whole
            away = self._from_iris(own + part * step)
            met = self._met(seen, shorter) * (torch.linalg.vector_norm(away, dim=1, keepdim=True) > UNIT)
            better = met > found
            aside = torch.where(rearrange(better, "b 1 h w -> b h w 1"), shorter, aside)
            found = torch.where(better, met, found)
        return aside, found

    def _met(self, seen: Tensor, aside: Tensor) -> Tensor:
        """How surely a source's eyeballs lie so far aside of each pixel: [B, 1, h, columns] in [0, 1]."""
        return ((surface.read(seen, self.at + aside) - _SURE[0]) / (_SURE[1] - _SURE[0])).clamp(0, 1)

    def _from_iris(self, turned: Tensor) -> Tensor:
        """How far each pixel is, to the right and down, from the iris of a mean face whose eyes turned so that one
        looks `turned` [B, 2] aside: [B, 2, h, columns]."""
        return self.away + rearrange(turned, "b i -> b i 1 1")

    def _paint(self, latents: Tensor, embedding: Tensor) -> Tensor:
        """What is added to the paint before it is brought to [0, 1]: [B, 3, h, columns]."""
        away = self._from_iris(self.turned(latents)) / UNIT
        far = torch.linalg.vector_norm(away, dim=1, keepdim=True)
        return self.paint(torch.cat([away, far], dim=1), embedding)

    def missed(self, share: Tensor, truth: Tensor) -> Tensor:
        """Cross-entropy of what is said to be eyeball, and is, both [B, rows, columns]; 0 beyond the band of eyes."""
        there, told = truth[:, self.rows], share[:, self.rows]
        hit, free = (x.clamp_min(1e-4).log() for x in (told, 1 - told))
        return F.pad(-(there * hit + (1 - there) * free), self.beyond)


def sure(share: Tensor) -> Tensor:
    """What is eyeball more likely than not, with a narrow edge: where both were mixed, two irises would show."""
    return (2.2 * share - 0.5).clamp(0, 1)


def _soft(x: Tensor) -> Tensor:
    """Without the pattern of single pixels that numbers have which are told four at a time: [B, C, h, w]."""
    return F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
