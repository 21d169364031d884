"""Two rows of teeth behind the lips, each with an edge."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa.render.closeup import surface
from vasa.render.closeup.lightness import lightness

# Millimetres from the midline at which teeth meet as they are seen from the front, by the usual widths of their crowns.
UPPER_MM, LOWER_MM = (0.0, 8.5, 14.4, 19.4, 22.9), (0.0, 5.0, 10.2, 15.2, 19.2)
# In the mean of 1,345 open mouths, canonical: where the rows end and begin, and how much they rise to the sides, times
# the square of x; and the colour of teeth over its red.
UPPER_Y, LOWER_Y = 0.223, 0.306
_UPPER_BENT, _LOWER_BENT = 1.75, 1.25
_TINT = (1.0, 0.93, 0.79)
_MM = 0.0062  # canonical, where eyes are 63 mm apart and 0.39
_FAR, _ASIDE = 0.12, 0.05  # canonical: as far up or down as an edge can be told to be, and as far aside as the midline
_SHARP, _SOFT = 0.01, 0.04  # canonical: over which an edge is crossed, and over which it is learned
_GAP, _DEEP = 0.006, 0.25  # canonical: half the width of a gap between teeth; how much darker it is
_WHITE, _LIT = (0.72, 0.84), (0.2, 0.3)  # green over red, and light: from where on it is teeth, and where surely
_SEEN = 12  # numbers that each place of the mouth is told by
_ACROSS, _DOWN = (-0.26, 0.26), (0.08, 0.58)  # canonical x and y: about the mouth


class Row(nn.Module):
    """One row: an arch that ends in a line, with a gap each tooth's width.

    edge: canonical y of the line in the middle. bent: to the sides it rises by so much times the square of x. met:
    millimetres from the midline at which teeth meet. side: 1 where teeth are above the line, -1 where they are below.
    """

    met: Tensor
    tint: Tensor

    def __init__(self, *, edge: float, bent: float, met: Sequence[float], side: int) -> None:
        super().__init__()
        self.edge, self.side = edge, side
        self.register_buffer("tint", torch.tensor(_TINT)[:, None, None], persistent=False)
        self.register_buffer("met", torch.tensor(met)[:, None, None] * _MM, persistent=False)
        self.bent = nn.Parameter(torch.tensor(bent))
        self.wide = nn.Parameter(torch.tensor(0.18))  # canonical: as far aside teeth have a third of their light

    def forward(self, at: Tensor, said: Tensor) -> tuple[Tensor, Tensor]:
        """Canonical places [2, h, w], and how far down the edge lies, how far aside the midline and how light teeth
        are, [B, 3] and unbounded -> how much of each place is teeth [B, 1, h, w], and their colours [B, 3, h, w]."""
        down, aside, light = rearrange(said, "b n -> n b 1 1 1")
        x, y = at[0] - _ASIDE * aside.tanh(), at[1] - self.edge - _FAR * down.tanh()
        dark = torch.exp(-(x / self.wide).square())
        gaps = torch.exp(-((x.abs() - self.met) / _GAP).square()).amax(1, keepdim=True)
        colours = self.tint * light.sigmoid() * dark * (1 - _DEEP * gaps)
        return _crossed(-self.side * (y + self.bent * x.square())), colours


class Teeth(nn.Module):
    """Where teeth are behind lips, and in what colours.

    Pictures alone teach a painter the mean of all teeth, which has no edge. But what a row of teeth looks like is
    known, so that three numbers say all of it, and it is drawn as sharply as teeth are. The upper row stays with the
    head and the lower one goes along with the jaw: what tells the latents says how far, the source's lips where. Not in
    the papers.

    rows, columns: of the patch; features: channels at 1/8 of its resolution; embedding: numbers that tell latents.
    """

    at: Tensor

    def __init__(self, *, rows: int, columns: int, features: int, embedding: int, hidden: int = 32) -> None:
        super().__init__()
        (left, right), (top, bottom) = (
            _cells(_ACROSS, 0.0, surface.HALF[0], columns), _cells(_DOWN, surface.MIDDLE_Y, surface.HALF[1], rows)
        )  # fmt: skip
        self.cells = slice(top, bottom), slice(left, right)  # at 1/8 of the resolution
        self.beyond = (8 * left, columns - 8 * right, 8 * top, rows - 8 * bottom)
        at = surface.places(rows, columns, torch.zeros(1))[8 * top : 8 * bottom, 8 * left : 8 * right]
        self.register_buffer("at", rearrange(at, "h w i -> i h w"), persistent=False)
        self.narrow = nn.Conv2d(features, _SEEN, 1)
        self.see = nn.Linear(_SEEN * (bottom - top) * (right - left), hidden)
        self.steer, self.say = nn.Linear(embedding, hidden), nn.Linear(hidden, 6)
        nn.init.zeros_(self.say.weight)
        nn.init.zeros_(self.say.bias)
        self.upper = Row(edge=UPPER_Y, bent=_UPPER_BENT, met=UPPER_MM, side=1)
        self.lower = Row(edge=LOWER_Y, bent=_LOWER_BENT, met=LOWER_MM, side=-1)

    def forward(self, deep: Tensor, embedding: Tensor) -> tuple[Tensor, Tensor]:
        """Features of a face that does what its driver does [B, features, rows / 8, columns / 8], and what tells the
        latents [B, embedding] -> how much of each pixel would be teeth if no lips covered it [B, 1, rows, columns], and
        their colours [B, 3, rows, columns]."""
        seen = rearrange(F.leaky_relu(self.narrow(deep[:, :, *self.cells]), 0.1), "b c h w -> b (c h w)")
        said = self.say(F.leaky_relu(self.see(seen) + self.steer(embedding), 0.1))
        (above, upper), (below, lower) = self.upper(self.at, said[:, :3]), self.lower(self.at, said[:, 3:])
        share, colours = 1 - (1 - above) * (1 - below), torch.lerp(lower, upper, above)
        return F.pad(share, self.beyond), F.pad(colours, self.beyond)


def _cells(span: tuple[float, float], middle: float, half: float, pixels: int) -> tuple[int, int]:
    """Which cells of eight pixels lie in a span, of so many pixels about a middle, and half of them to each side."""
    first, end = (round((edge - middle + half) / (2 * half) * pixels / 8) for edge in span)
    return first, end


def missed(share: Tensor, patch: Tensor, inside: Tensor) -> Tensor:
    """How far what is said to be teeth [B, 1, rows, columns] is from what is of pictures [B, 3, rows, columns], where
    they show the inside of a mouth [B, rows, columns]: of that shape."""
    return inside * (share[:, 0] - white(patch)).abs()


def white(patch: Tensor) -> Tensor:
    """What of the inside of mouths would be teeth: they are nearly grey and lit, where tongue and gums are red and the
    rest is dark, [B, 3, h, w] -> [B, h, w]."""
    red, green, _ = patch.unbind(1)
    found = ((green / red.clamp_min(0.02), _WHITE), (lightness(patch)[:, 0], _LIT))
    grey, lit = (((value - low) / (high - low)).clamp(0, 1) for value, (low, high) in found)
    return grey * lit


def _crossed(far: Tensor) -> Tensor:
    """1 beyond an edge and 0 before it, sharply; but what is learned of it is learned from farther around."""
    sharp, soft = ((far / width + 0.5).clamp(0, 1) for width in (_SHARP, _SOFT))
    return soft + (sharp - soft).detach()
