"""Which triangle covers which pixel: a small rasteriser for textures and depth, without a graphics driver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from einops import rearrange

_CHUNK = 4_000_000  # pixels looked at in one go


@dataclass(frozen=True)
class Covered:
    """For each pixel the frontmost triangle that covers its centre, -1 for none, and the centre's place in it."""

    triangle: np.ndarray  # [H, W] int64
    shares: np.ndarray  # [H, W, 3] barycentric

    @property
    def hit(self) -> np.ndarray:
        return self.triangle >= 0

    def interpolate(self, values: np.ndarray, triangles: np.ndarray) -> np.ndarray:
        """Values of vertices [V, C] at every pixel that is hit: [N, C], in the order of `hit`."""
        corners = values[triangles[self.triangle[self.hit]]]
        return np.einsum("nk,nkc->nc", self.shares[self.hit], corners)


def cover(places: np.ndarray, triangles: np.ndarray, nearness: np.ndarray, *, size: int) -> Covered:
    """Draw triangles [F, 3] over vertices at `places` [V, 2] in pixels; larger `nearness` [V] hides smaller."""
    hits = zip(*_hits(places, triangles, nearness, size), strict=True)
    pixels, which, shares, depth = (np.concatenate(parts) for parts in hits)
    order = np.argsort(depth, kind="stable")
    triangle, inside = np.full(size * size, -1), np.zeros((size * size, 3))
    triangle[pixels[order]] = which[order]
    inside[pixels[order]] = shares[order]
    return Covered(rearrange(triangle, "(y x) -> y x", y=size), rearrange(inside, "(y x) k -> y x k", y=size))


def _hits(
    places: np.ndarray, triangles: np.ndarray, nearness: np.ndarray, size: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Pixels, triangles, shares and depth of every centre inside a triangle; triangles of about one size together."""
    corners = places[triangles]
    low = np.floor(corners.min(1)).clip(0, size)
    reach = np.ceil((corners.max(1).clip(0, size) - low).max(1)).astype(int) + 1
    for side in 2 ** np.arange(1, int(size).bit_length() + 1):
        group = np.flatnonzero((reach <= side) & (reach > side // 2 if side > 2 else reach <= side))
        for part in np.array_split(group, 1 + len(group) * side**2 // _CHUNK):
            if len(part):
                yield _inside(corners[part], nearness[triangles[part]], low[part], part, int(side), size)


def _inside(
    corners: np.ndarray, nearness: np.ndarray, low: np.ndarray, which: np.ndarray, side: int, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    grid = rearrange(np.mgrid[:side, :side][::-1], "xy row column -> (row column) xy")
    spots = low[:, None] + grid
    shares = _barycentric(spots + 0.5, corners)
    chosen = (shares.min(-1) >= -1e-9) & (spots < size).all(-1)
    row, _ = np.nonzero(chosen)
    column, line = spots[chosen].astype(np.int64).T
    return line * size + column, which[row], shares[chosen], np.einsum("nk,nk->n", shares[chosen], nearness[row])


def _barycentric(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Shares [F, P, 3] of points [F, P, 2] in triangles [F, 3, 2]; negative outside, and in those of no area."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    away = points - corners[:, :1]
    flat = np.abs(area) < 1e-12
    safe = np.where(flat, 1.0, area)[:, None]
    b = (away[..., 0] * second[:, None, 1] - away[..., 1] * second[:, None, 0]) / safe
    c = (first[:, None, 0] * away[..., 1] - first[:, None, 1] * away[..., 0]) / safe
    b[flat] = -1
    return np.stack([1 - b - c, b, c], axis=-1)
