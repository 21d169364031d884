"""Pictures that are moved about, with their labels; what lies outside them and behind the people changes too."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor

from vasa.face.heads import cells
from vasa.face.labels import Move


@dataclass(frozen=True)
class Reach:
    """How far pictures are moved.

    angle: to either side, radians. scale: smallest and largest. shift: to either side, crop units. flip: share that is
    mirrored. calm: share of pictures that move a third as far, as faces do that were framed once already.
    """

    angle: float = math.radians(45)
    scale: tuple[float, float] = (0.6, 1.5)
    shift: float = 0.35
    flip: float = 0.5
    calm: float = 0.5

    def draw(self, count: int, random: torch.Generator) -> Move:
        """Moves of this many pictures."""
        far = 1 - (torch.rand(count, generator=random) < self.calm).float() * 2 / 3
        angle, log_scale, x, y = torch.rand(4, count, generator=random) * 2 - 1
        low, high = (math.log(scale) for scale in self.scale)
        return Move(
            mirrored=torch.rand(count, generator=random) < self.flip,
            angle=angle * self.angle * far,
            log_scale=((low + high) / 2 + log_scale * (high - low) / 2) * far,
            shift=torch.stack([x, y], dim=-1) * self.shift * far[:, None],
        )


def moved(picture: Tensor, move: Move, size: int) -> tuple[Tensor, Tensor]:
    """[B, C, H, W] as it is seen after a move, [B, C, size, size], its edge repeated; and where it has data
    [B, 1, size, size]: 1 inside the old picture, falling to 0 over a pixel at its edge."""
    wanted = repeat(cells(size, size, like=picture), "n xy -> b n xy", b=len(picture))
    places = rearrange(move.back(wanted), "b (h w) xy -> b h w xy", h=size)
    seen = F.grid_sample(picture, places, align_corners=False, padding_mode="border")
    inside = ((1 - places.abs().amax(-1)) * picture.shape[-1] / 2 + 0.5).clamp(0, 1)
    return seen, inside[:, None]


def textures(count: int, size: int, random: torch.Generator) -> Tensor:
    """Pictures of nothing: colours mixed by noise, from plain over coarse to fine, [count, 3, size, size]."""
    first, second = (torch.rand(count, 3, 1, 1, generator=random) for _ in range(2))
    mix = torch.full((count, 3, 1, 1), 0.5)
    for grain in (2, 4, 8, 16, 32):
        noise = torch.rand(count, 3, grain, grain, generator=random) - 0.5
        grey = (torch.rand(count, 1, 1, 1, generator=random) < 0.7).float()
        power = torch.rand(count, 1, 1, 1, generator=random) ** 3 * 2
        mix = enlarged(mix, grain) + power * torch.lerp(noise, noise.mean(1, keepdim=True), grey)
    return enlarged(torch.lerp(first, second, mix.clamp(0, 1)), size)


def enlarged(picture: Tensor, size: int) -> Tensor:
    """[B, C, h, h] -> [B, C, size, size]."""
    return F.interpolate(picture, (size, size), mode="bilinear", align_corners=False)


def to_some(
    picture: Tensor, change: Callable[[Tensor, Tensor], Tensor], random: torch.Generator, share: float
) -> Tensor:
    """[B, 3, H, W] with a share of the rows changed; `change` is given those rows and their indices."""
    rows = torch.nonzero(torch.rand(len(picture), generator=random) < share)[:, 0].to(picture.device)
    return picture.index_copy(0, rows, change(picture[rows], rows)) if len(rows) else picture
