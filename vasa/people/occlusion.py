"""Which light reaches each vertex of an avatar at rest: soft shadows and ambient occlusion, baked once a person."""

from __future__ import annotations

import numpy as np
from einops import rearrange
from scipy.sparse import coo_matrix

from vasa.people.avatar import KINDS, Avatar
from vasa.people.regions import PARTS, regions

_CELL = 0.045  # canonical units
_DIRECTIONS, _STEPS, _STRIDE = 32, 9, 1.5  # a stride is in cells
_SMOOTHINGS = 2
_LENS = float(KINDS.index("lens"))  # lets light through
# At rest lids and lips cover what they show when they open, so that keeps at least this much of the light.
_AT_LEAST = {"eyes": 0.8, "teeth": 1.0, "mouth": 1.0, "lips": 0.75}


def openness(avatar: Avatar) -> np.ndarray:
    """Share of light that arrives from a direction, c + d . direction: [V, 4] with columns c, d.

    Rays leave each vertex to both sides of its tangent plane and march through a coarse grid of what is filled; the
    linear part of what they find (the first spherical harmonics over the hemisphere) makes shadows soft.
    """
    grid, low = _filled(avatar)
    rays = _sphere(_DIRECTIONS)
    start = (avatar.points + 1.6 * _CELL * avatar.normals - low) / _CELL
    free = np.ones((_DIRECTIONS, len(start)), np.float32)
    for ray, open_ in zip(rays, free, strict=True):
        for step in range(_STEPS):
            cells = (start + (step + 0.5) * _STRIDE * ray).astype(np.int32)
            open_ *= grid[tuple(np.clip(cells, 0, np.array(grid.shape, np.int32) - 1).T)]
    found = _linear(_smooth(avatar, free.T), rays, avatar.normals)
    parts = regions(avatar)
    for name, least in _AT_LEAST.items():
        inside = parts == PARTS.index(name)
        found[inside, 1:] *= 1 - least
        found[inside, 0] = np.maximum(found[inside, 0], least)
    return found


def _filled(avatar: Avatar) -> tuple[np.ndarray, np.ndarray]:
    """Cells as 0 where a triangle passes and 1 where none does, [X, Y, Z] with an empty rim; the grid's low corner."""
    corners = avatar.points[avatar.triangles[avatar.kind[avatar.triangles[:, 0]] != _LENS]]
    shares = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0], [0, 0.5, 0.5], [0.5, 0, 0.5]])
    shares = np.concatenate([shares, [[1 / 3, 1 / 3, 1 / 3]]]).astype(np.float32)
    points = rearrange(np.einsum("sk,fkc->sfc", shares, corners), "s f c -> (s f) c")
    low = points.min(0) - 2 * _CELL
    cells = ((points - low) / _CELL).astype(int)
    grid = np.ones(cells.max(0) + 3, np.float32)
    grid[tuple(cells.T)] = 0
    return grid, low.astype(np.float32)


def _sphere(count: int) -> np.ndarray:
    """Directions spread evenly (Fibonacci's lattice): [N, 3] float32."""
    height = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (1 + 5**0.5) * np.arange(count)
    flat = np.sqrt(1 - height**2)
    return np.stack([flat * np.cos(turn), height, flat * np.sin(turn)], axis=-1).astype(np.float32)


def _smooth(avatar: Avatar, values: np.ndarray) -> np.ndarray:
    """Average values [V, N] over each vertex and its neighbours, a few times."""
    edges = np.concatenate([avatar.triangles[:, [0, 1]], avatar.triangles[:, [1, 2]], avatar.triangles[:, [2, 0]]])
    ends = np.concatenate([edges, edges[:, ::-1], np.repeat(np.arange(len(values))[:, None], 2, axis=1)])
    beside = coo_matrix((np.ones(len(ends), np.float32), ends.T), shape=(len(values),) * 2).tocsr()
    count = np.asarray(beside.sum(1))
    for _ in range(_SMOOTHINGS):
        values = (beside @ values) / count
    return values.astype(np.float32)


def _linear(free: np.ndarray, rays: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Fit c + d . ray to what is free [V, N] of the rays in front of each normal: [V, 4]; weighted as light falls."""
    weight = np.clip(normals @ rays.T, 0, None) + 0.02
    basis = np.concatenate([np.ones((len(rays), 1), np.float32), rays], axis=1)
    matrix = np.einsum("vn,ni,nj->vij", weight, basis, basis) + 0.6 * np.diag([0.0, 1, 1, 1])
    found = np.linalg.solve(matrix, np.einsum("vn,ni->vi", weight * free, basis)[..., None])[..., 0]
    # An even surface loses a little to the coarse grid; that much is given back.
    return (found * [1.15, 1, 1, 1]).astype(np.float32)
