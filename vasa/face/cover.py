"""Things in front of faces, other things behind them, and pictures that have no face at all."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from einops import rearrange, reduce
from torch import Tensor

from vasa.face.heads import cells
from vasa.face.scatter import enlarged, textures, to_some

HEAD = 2  # part of a place map: 0 background, 1 body, 2 head


def shapes(count: int, size: int, random: torch.Generator) -> Tensor:
    """Masks [count, 1, size, size] of one turned rectangle or ellipse each, somewhere in the picture."""
    centre = (torch.rand(count, 1, 2, generator=random) - 0.5) * 1.4
    half = 0.08 + 0.37 * torch.rand(count, 1, 2, generator=random) ** 1.5
    angle = torch.rand(count, 1, generator=random) * math.pi
    round_one = torch.rand(count, 1, generator=random) < 0.5
    x, y = (cells(size, size, like=centre) - centre).unbind(-1)
    along = torch.stack([angle.cos() * x + angle.sin() * y, angle.cos() * y - angle.sin() * x], dim=-1) / half
    away = torch.where(round_one, along.norm(dim=-1), along.abs().amax(-1))
    edge = ((1 - away) * half.amin(-1) * size / 2 + 0.5).clamp(0, 1)  # a pixel wide
    return rearrange(edge, "b (h w) -> b 1 h w", h=size)


def occluded(picture: Tensor, random: torch.Generator, *, share: float) -> Tensor:
    """[B, 3, H, H] with a thing in front of a share of them, and of half as many another."""

    def hidden(some: Tensor, _rows: Tensor) -> Tensor:
        count, size = len(some), some.shape[-1]
        paint, mask = textures(count, size, random), shapes(count, size, random)
        return torch.lerp(some, paint.to(some), mask.to(some))

    return to_some(to_some(picture, hidden, random, share), hidden, random, share / 2)


def grown(part: Tensor, *, least: int, cells: int, size: int) -> Tensor:
    """Mask [B, 1, size, size] of the parts [B, h, w] from `least` on, grown by this many cells, with a soft edge."""
    mask = (part >= least).float()[:, None]
    mask = F.max_pool2d(mask, 2 * cells + 1, stride=1, padding=cells)
    return enlarged(mask, size)


def another_background(picture: Tensor, part: Tensor, random: torch.Generator, *, share: float) -> Tensor:
    """[B, 3, H, H] with something else behind a share of the people: part [B, h, w] is 0 where they are not."""

    def replaced(some: Tensor, rows: Tensor) -> Tensor:
        behind = textures(len(some), some.shape[-1], random).to(some)
        return torch.lerp(behind, some, grown(part[rows], least=1, cells=0, size=some.shape[-1]))

    return to_some(picture, replaced, random, share)


def faceless(picture: Tensor, part: Tensor, random: torch.Generator) -> Tensor:
    """The same scenes [B, 3, H, H] with no face in them: the head is painted over or cut to pieces, some small piece of
    the scene is all there is, or noise."""
    count, size = len(picture), picture.shape[-1]
    paint = textures(count, size, random).to(picture)
    head = grown(part, least=HEAD, cells=1, size=size)
    around = reduce(picture * (1 - head), "b c h w -> b c 1 1", "mean") / reduce(
        1 - head, "b c h w -> b c 1 1", "mean"
    ).clamp_min(0.05)
    kinds = torch.stack([
        torch.lerp(picture, paint, head),
        torch.lerp(picture, (around + 0.2 * (paint - 0.5)).clamp(0, 1), head),
        torch.lerp(picture, _blob(picture, head), head),
        _shuffled(picture, random),
        _piece(picture, random),
        _piece(picture, random),  # twice: most of what a detector looks at is a piece of something
        paint,
    ])  # fmt: skip
    return kinds[torch.randint(len(kinds), (count,), generator=random), torch.arange(count)]


def _blob(picture: Tensor, head: Tensor) -> Tensor:
    """The head's own mean colour."""
    whole = reduce(head, "b c h w -> b c 1 1", "sum").clamp_min(1)
    return reduce(picture * head, "b c h w -> b c 1 1", "sum") / whole


def _piece(picture: Tensor, random: torch.Generator, least: float = 0.12, most: float = 0.3) -> Tensor:
    """A square of this many sides of each picture, anywhere: cloth, hair, a cheek, never a face and all about it."""
    count, size = len(picture), picture.shape[-1]
    side = least + (most - least) * torch.rand(count, 1, 1, 1, generator=random)
    middle = (2 * torch.rand(count, 1, 1, 2, generator=random) - 1) * (1 - side)
    places = rearrange(cells(size, size, like=side), "(h w) xy -> 1 h w xy", h=size) * side + middle
    return F.grid_sample(picture, places.to(picture), align_corners=False, padding_mode="border")


def _shuffled(picture: Tensor, random: torch.Generator, pieces: int = 4) -> Tensor:
    """Cut into squares that change places."""
    size = picture.shape[-1] - picture.shape[-1] % pieces
    squares = rearrange(picture[..., :size, :size], "b c (i h) (j w) -> (i j) b c h w", i=pieces, j=pieces)
    order = torch.randperm(len(squares), generator=random)
    mixed = rearrange(squares[order], "(i j) b c h w -> b c (i h) (j w)", i=pieces)
    return enlarged(mixed, picture.shape[-1])
