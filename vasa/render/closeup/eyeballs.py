"""What a source's eyeballs look like where nothing covers them: their white, and the whole disc of an iris."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from einops import rearrange, reduce
from torch import Tensor, nn

from vasa.render.closeup.lightness import lightness

MIDDLE = (0.195, -0.205)  # canonical: the middle of the left eye, and of the right one but for the sign of x
IRIS = 0.044  # canonical: the radius of an iris
_EDGE = 0.01  # canonical: over which its rim fades
_RIM = 1.1  # radii: within it the white of a source is not taken for white
_RING = 1.6  # radii: as far out its surroundings are compared with it
_REACH, _TRIES = 0.048, 9  # canonical: how far from where it should be an iris is searched for; places a side
_NEAR = 0.02  # how much darker than its surroundings, of an eye's light, an iris must be that is found at the very edge
_DOUBT = 0.02  # of the same: places so much worse than the best still have a say
_CLEAR = (0.25, 0.65)  # how much of a pixel is eyeball where its colour begins to count, and does wholly
_WHITE, _DARK = 1.3, 0.3  # of the light around eyes: white and irises of a face whose eyes are shut
_BLURS = (14, 6, 2)  # pixels of the patch to each side, from what is far to what is near


class Eyeballs(nn.Module):
    """Looks at the band of a patch where eyes lie, and tells white and irises apart.

    An iris is a disc that is darker than what is around it (Daugman 1993 searches for its circle in the same way); the
    gaze that is read says nearly where, and how far eyes of this face lie from those of a mean face is found out here.
    What lids hide of it has the colours of the same distance from its middle, what they hide of the white those of the
    white near by. Not in the papers.

    at: canonical places of the band's pixels, [h, columns, 2], of both eyes, columns even. pixel: area of one of them.
    """

    at: Tensor
    tries: Tensor

    def __init__(self, at: Tensor, *, pixel: float) -> None:
        super().__init__()
        self.register_buffer("at", rearrange(at, "h (e w) i -> e 1 h w i", e=2), persistent=False)
        steps = torch.linspace(-_REACH, _REACH, _TRIES)
        self.register_buffer("tries", torch.cartesian_prod(steps, steps), persistent=False)
        self.half_a_disc = math.pi * IRIS**2 / 2 / pixel  # pixels

    def forward(self, band: Tensor, seen: Tensor, turned: Tensor) -> Tensor:
        """Colours [B, 3, h, columns], how much is eyeball [B, 1, h, columns], how far aside from straight ahead the
        eyes of a mean face would have to be looked up to see them so, [B, 2] -> [B, 7, h, columns]: the white's
        colours, the iris', and how much of a pixel is iris where no lid covers it."""
        eyes, clear = _each(band), ((_each(seen) - _CLEAR[0]) / (_CLEAR[1] - _CLEAR[0])).clamp(0, 1)
        away = self._from_iris(lightness(eyes), clear, turned)
        disc = _within(IRIS, away)
        white = _white(eyes, clear * (1 - _within(_RIM * IRIS, away)))
        maps = torch.cat([white, _iris(eyes, clear * disc, away), disc], dim=1)
        return rearrange(maps, "(b e) c h w -> b c h (e w)", e=2)

    def _from_iris(self, light: Tensor, clear: Tensor, turned: Tensor) -> Tensor:
        """How far each pixel is from the middle of its iris: light and what is eyeball, [2 B, 1, h, w] each, turned
        [B, 2] -> [2 B, 1, h, w]."""
        straight = light.new_tensor([[-MIDDLE[0], MIDDLE[1]], MIDDLE])
        told = rearrange(straight - rearrange(turned, "b i -> b 1 i"), "b e i -> (b e) i")
        around = self._darker(light, clear, rearrange(told, "n i -> n 1 i") + self.tries)
        far = self.tries.square().sum(-1) / _REACH**2
        found = told + ((around - _NEAR * far) / _DOUBT).softmax(dim=1) @ self.tries
        return self._apart(rearrange(found, "n i -> n 1 i"))

    def _darker(self, light: Tensor, clear: Tensor, middles: Tensor) -> Tensor:
        """How much darker discs about middles [2 B, n, 2] are than the rings around them, as a share of the eye's
        light: [2 B, n]; less where lids leave little of one or the other."""
        away = self._apart(middles)
        inside = _within(IRIS, away)
        (disc, much), (ring, enough) = (
            self._mean(light, clear * part) for part in (inside, _within(_RING * IRIS, away) * (1 - inside))
        )
        usual, _ = self._mean(light, clear)
        return much * enough * (ring - disc) / usual.clamp_min(0.1)

    def _mean(self, light: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Means [2 B, n] of light [2 B, 1, h, w] with weights [2 B, n, h, w], and whether half a disc was there."""
        total = reduce(weight, "b n h w -> b n", "sum")
        mean = reduce(light * weight, "b n h w -> b n", "sum") / total.clamp_min(1)
        return mean, (total / self.half_a_disc).clamp(max=1)

    def _apart(self, middles: Tensor) -> Tensor:
        """How far pixels are from places [2 B, n, 2]: [2 B, n, h, w]."""
        each = rearrange(middles, "(b e) n i -> b e n 1 1 i", e=2)
        return rearrange(torch.linalg.vector_norm(self.at - each, dim=-1), "b e n h w -> (b e) n h w")


def _each(maps: Tensor) -> Tensor:
    """The eye to the left, and that to the right: [B, C, h, 2 w] -> [2 B, C, h, w]."""
    return rearrange(maps, "b c h (e w) -> (b e) c h w", e=2)


def _within(radius: float, away: Tensor) -> Tensor:
    """1 within a radius and 0 beyond, with a soft rim."""
    return ((radius - away) / _EDGE + 0.5).clamp(0, 1)


def _white(eyes: Tensor, uncovered: Tensor) -> Tensor:
    """Eyes [N, 3, h, w] where their white is seen, and colours of the nearest white elsewhere."""
    found = _usual(eyes, uncovered, light=_WHITE).expand_as(eyes)
    for width in _BLURS:
        colours, much = (_blurred(x, width) for x in (eyes * uncovered, uncovered))
        found = torch.lerp(found, colours / much.clamp_min(1e-4), (8 * much).clamp(0, 1))
    return torch.lerp(found, eyes, uncovered)


def _iris(eyes: Tensor, uncovered: Tensor, away: Tensor) -> Tensor:
    """Eyes [N, 3, h, w] where their iris is seen, and elsewhere the colours of the same distance from its middle."""
    rings = torch.linspace(0, IRIS, 6, device=eyes.device)
    of_ring = (1 - (away.clamp(max=IRIS) - rearrange(rings, "k -> k 1 1")).abs() / rings[1]).clamp_min(0)
    seen = of_ring * uncovered
    total = reduce(seen, "b k h w -> b k 1", "sum")
    sums = torch.einsum("b k h w, b c h w -> b k c", seen, eyes)
    usual = rearrange(_usual(eyes, uncovered, light=_DARK), "b c 1 1 -> b 1 c")
    return torch.lerp(
        torch.einsum("b k h w, b k c -> b c h w", of_ring, (sums + usual) / (total + 1)), eyes, uncovered
    )  # fmt: skip


def _usual(eyes: Tensor, weight: Tensor, *, light: float) -> Tensor:
    """The mean colour, that of both eyes where there is little of one, and where neither is open so many times what is
    around them: [N, 3, 1, 1]."""
    around = (light * reduce(eyes, "b c h w -> b c 1 1", "mean")).clamp(max=1)
    sums, total = (reduce(x, "b c h w -> b c 1 1", "sum") for x in (eyes * weight, weight))
    of_both = (sums + _swapped(sums) + around) / (total + _swapped(total) + 1)
    return (sums + of_both) / (total + 1)


def _swapped(x: Tensor) -> Tensor:
    """The other eye's: [2 B, ...] -> [2 B, ...]."""
    return rearrange(rearrange(x, "(b e) ... -> b e ...", e=2).flip(1), "b e ... -> (b e) ...")


def _blurred(x: Tensor, width: int) -> Tensor:
    for _ in range(2):
        x = F.avg_pool2d(F.pad(x, (width,) * 4, mode="replicate"), 2 * width + 1, stride=1)
    return x
