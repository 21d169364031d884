"""Eyeballs that turn behind their lids."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa.render.closeup import surface
from vasa.render.closeup.eyeballs import Eyeballs

BAND = (-0.36, -0.07)  # canonical y between which eyes lie
REMEMBERED = 8  # maps of a source's eyes: how much of a pixel is eyeball, and those of `Eyeballs`


class Eyes(nn.Module):
    """What shows between the lids: the source's eyeballs, turned.

    Skin and eyeballs part at the lids, so that one field of steps cannot move an iris without tearing its lids. An
    eyeball turns as a whole, and the step aside that shows it turned is the same for all of it: a line from what driver
    and source differ in, `turn` [2, M], canonical units, which geometry tells (`vasa.render.closeup.beginning`) and
    losses of pictures would unlearn. White has no pattern to turn, so that irises alone are looked up, and what lids
    hid of them and of the white is what `Eyeballs` tells. That gaze can be warped is from DeepWarp (Ganin et al. 2016);
    not in the papers.

    motion: M, numbers of a latent. rows, columns: of the patch.
    """

    def __init__(self, *, motion: int, rows: int, columns: int) -> None:
        super().__init__()
        self.register_buffer("turn", torch.zeros(2, motion))
        high, low = (
            math.ceil((edge - surface.MIDDLE_Y + surface.HALF[1]) * rows / (2 * surface.HALF[1]) - 0.5) for edge in BAND
        )
        self.rows, self.beyond = slice(high, low), (0, 0, high, rows - low)  # of the band, and how to put it back
        at = surface.places(rows, columns, torch.zeros(1))[self.rows]
        self.register_buffer("at", at, persistent=False)
        self.eyeballs = Eyeballs(at, pixel=4 * surface.HALF[0] * surface.HALF[1] / (rows * columns))

    turn: Tensor
    at: Tensor

    def turned(self, change: Tensor) -> Tensor:
        """The step aside, canonical units, for latents that change so much: [B, M] -> [B, 2]."""
        return change @ self.turn.mT

    def share(self, said: Tensor) -> Tensor:
        """How much of each pixel is eyeball, of numbers [B, 1, rows, columns]: the same shape."""
        found = (said[:, :, self.rows] - 3).sigmoid()  # little of a new closeup's pixels
        return F.pad(found, self.beyond)

    def look(self, patch: Tensor, said: Tensor, own: Tensor) -> Tensor:
        """The source side: its patch [B, 3, rows, columns], what is said of it [B, 1, rows, columns], and its latents
        [B, M] -> [B, REMEMBERED, rows, columns]."""
        share = self.share(said)
        found = self.eyeballs(patch[:, :, self.rows], share[:, :, self.rows].detach(), self.turned(own))
        return torch.cat([share, F.pad(found, self.beyond)], dim=1)

    def forward(self, said: Tensor, remembered: Tensor, change: Tensor) -> Tensor:
        """Numbers [B, 1, rows, columns], what is remembered of the source, and how latents change [B, M] -> how much of
        a pixel is eyeball, and its colours: [B, 4, rows, columns]."""
        white, irises = remembered[:, 1:4, self.rows], remembered[:, 4:]
        step = rearrange(self.turned(change), "b i -> b 1 1 i")
        iris, share = surface.read(irises, self.at + step).split([3, 1], dim=1)
        return torch.cat([self.share(said), F.pad(torch.lerp(white, iris, share), self.beyond)], dim=1)

    def missed(self, share: Tensor, truth: Tensor) -> Tensor:
        """Cross-entropy of what is said to be eyeball, and is, both [B, rows, columns]; 0 beyond the band of eyes."""
        there, told = truth[:, self.rows], share[:, self.rows]
        hit, free = (x.clamp_min(1e-4).log() for x in (told, 1 - told))
        return F.pad(-(there * hit + (1 - there) * free), self.beyond)


def sure(share: Tensor) -> Tensor:
    """What is eyeball more likely than not, with a narrow edge: where both were mixed, two irises would show."""
    return (2.2 * share - 0.5).clamp(0, 1)
