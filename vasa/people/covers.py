"""Beanies, caps and headscarves: smooth hulls around a head, drawn as cloth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from einops import rearrange
from scipy.ndimage import gaussian_filter, maximum_filter

from vasa.people.appearance import Appearance
from vasa.people.avatar import KINDS, Avatar
from vasa.people.worn import attach, facing, outside

_MIDDLE = np.array([0.0, 0.2, -0.02])  # of the head, canonical units
_ROUND, _DOWN = 48, 20  # of a hull's grid: around its axis, from pole to rim
_CLOTH_UV = np.array([0.5, 0.25])  # of the texture of what is worn: cloth above, frames below


@dataclass(frozen=True)
class Cover:
    """How a hull lies on a head. `axis` are the directions of pole and of azimuth 0; angles are from the pole."""

    axis: np.ndarray  # [3, 3] rows: azimuth 0, azimuth 90 degrees, pole
    rim: np.ndarray  # [_ROUND] where the hull ends
    thick: float  # off what it covers, canonical units
    above: float  # height where what it covers begins


def covered(avatar: Avatar, person: Appearance) -> Avatar:
    """The avatar, already painted, with what the person wears on the head."""
    if person.worn == "nothing":
        return avatar
    cover = _COVERS[person.worn]
    points, triangles = _hull(avatar, cover)
    if person.worn == "cap":
        points, triangles = _with_brim(points, triangles)
    hung = _weights(points)
    normals = facing(points, triangles)
    textures = avatar.textures.copy()
    textures[2] = _cloth(textures.shape[1], person)
    uv = _CLOTH_UV + 0.2 * np.stack([np.arctan2(points[:, 0], points[:, 2]) / np.pi, points[:, 1]], axis=-1)
    return attach(
        replace(avatar, textures=textures), points=points, normals=normals, uv=uv, weights=hung, layer=2,
        kind=KINDS.index("cover"), triangles=triangles,
    )  # fmt: skip


def _tilted(back: float) -> np.ndarray:
    """Axes of a hull whose pole is this far from straight up, backwards; azimuth 0 is in front."""
    pole = np.array([0, np.cos(back), -np.sin(back)])
    front = np.array([0, np.sin(back), np.cos(back)])
    return np.stack([front, np.cross(pole, front), pole])


_TURN = np.linspace(0, 2 * np.pi, _ROUND, endpoint=False)
_SCARF_OPENING = 0.85 - 0.235 * np.cos(_TURN) - 0.03 * np.cos(2 * _TURN)  # from the front: brow, sides, chin
_COVERS = {
    "beanie": Cover(axis=_tilted(0.3), rim=np.full(_ROUND, 1.5), thick=0.025, above=0.2),
    "cap": Cover(axis=_tilted(0.15), rim=np.full(_ROUND, 1.36), thick=0.02, above=0.2),
    "scarf": Cover(axis=_tilted(np.pi / 2), rim=np.pi - _SCARF_OPENING, thick=0.03, above=-2.0),
}


def _hull(avatar: Avatar, cover: Cover) -> tuple[np.ndarray, np.ndarray]:
    """A grid of points around what is to be covered, from pole to rim, smooth; and its triangles."""
    near = (avatar.weights[:, [0, 1, 2, 3]].sum(1) > 0.5) & np.isin(avatar.kind, [0, 1])
    near &= avatar.points[:, 1] > cover.above  # ears would spread a cap
    away = (avatar.points[near] - _MIDDLE) @ cover.axis.T
    radius = np.linalg.norm(away, axis=1)
    down = np.arccos(np.clip(away[:, 2] / radius, -1, 1))
    turn = np.arctan2(away[:, 1], away[:, 0]) % (2 * np.pi)
    table = np.zeros((36, _ROUND))
    cell = (down / np.pi * 36).astype(int).clip(0, 35), (turn / (2 * np.pi) * _ROUND).astype(int)
    np.maximum.at(table, cell, radius)
    table[0] = table[:2].max()
    for row in range(1, len(table)):
        table[row] = np.where(table[row] > 0, table[row], 1.03 * table[row - 1])
    table = maximum_filter(table, (2, 3), mode=("nearest", "wrap"))
    table = gaussian_filter(table, (1.2, 1.2), mode=("nearest", "wrap"))
    share = np.linspace(0, 1, _DOWN)[:, None]
    angle = share * cover.rim
    column = np.broadcast_to(np.arange(_ROUND), angle.shape)
    reach = _between(table, angle / np.pi * 36 - 0.5, column) + cover.thick * (1 + 0.35 * (share > 0.86))
    flat = np.sin(angle)
    local = np.stack([flat * np.cos(_TURN), flat * np.sin(_TURN), np.cos(angle)], axis=-1) * reach[..., None]
    points = _MIDDLE + rearrange(local, "d r k -> (d r) k") @ cover.axis
    return outside(points, avatar, cover.thick), _strips(_DOWN, _ROUND)


def _between(table: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Rows of a table at fractions."""
    row = np.clip(row, 0, len(table) - 1.001)
    low = row.astype(int)
    return table[low, column] + (row - low) * (table[low + 1, column] - table[low, column])


def _strips(rows: int, columns: int) -> np.ndarray:
    """Triangles of a grid that closes around."""
    row, column = (a.ravel() for a in np.mgrid[: rows - 1, :columns])
    here, beside = row * columns + column, row * columns + (column + 1) % columns
    return np.concatenate([np.c_[here, here + columns, beside], np.c_[beside, here + columns, beside + columns]])


def _with_brim(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A brim from the front of the rim outwards."""
    wide = _ROUND // 5
    front = np.arange(-wide, wide + 1)
    rim = points[(_DOWN - 1) * _ROUND + front % _ROUND]
    bulge = np.cos(front / wide * np.pi / 2)[:, None]
    rows = [rim + out * bulge**0.6 * np.array([0, 0.02 - 0.08 * out, 0.34]) for out in (0, 0.35, 0.7, 1.0)]
    count, start = len(front), len(points)
    row, column = (a.ravel() for a in np.mgrid[:3, : count - 1])
    here = start + row * count + column
    added = np.concatenate([np.c_[here, here + count, here + 1], np.c_[here + 1, here + count, here + count + 1]])
    return np.concatenate([points, *rows]), np.concatenate([triangles, added])


def _weights(points: np.ndarray) -> np.ndarray:
    """Cloth on the head moves with it; what hangs lower moves with the neck, then with the body."""
    head = np.clip((points[:, 1] + 0.5) / 0.25, 0, 1)
    neck = np.clip((points[:, 1] + 0.85) / 0.35, 0, 1) * (1 - head)
    nothing = np.zeros_like(head)
    return np.stack([head, neck, nothing, nothing], axis=-1)


def _cloth(side: int, person: Appearance) -> np.ndarray:
    """Texture of what is worn: cloth with some weave [H, W, 4], and the colour of glasses below."""
    rng = np.random.default_rng((person.seed, 1))
    weave = gaussian_filter(rng.normal(size=(side, side)), (1.5, 0.7))
    rows = np.sin(np.arange(side) * rng.uniform(0.15, 0.6))[:, None] * rng.choice([0.0, 0.25])
    cloth = np.sqrt(np.clip(person.cloth * np.exp(0.3 * weave + rows)[..., None], 0, 1))
    texture = np.zeros((side, side, 4), np.uint8)
    texture[..., :3] = np.round(255 * cloth)
    if person.glasses is not None:
        texture[side // 2 :, :, :3] = np.round(255 * np.sqrt(np.clip(person.glasses, 0, 1)))
    return texture
