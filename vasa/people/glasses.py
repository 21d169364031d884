"""Glasses, built around the eyes: two rims, a bridge, two temples, two lenses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from einops import rearrange
from scipy.ndimage import gaussian_filter1d, minimum_filter1d
from scipy.spatial import cKDTree

from vasa.people.appearance import Appearance
from vasa.people.avatar import EXPRESSION_INDEX, KINDS, Avatar
from vasa.people.worn import attach, on_head

_SPOKES = 28  # of a rim
_THIN = 0.011  # half a wire, canonical units
_FRAME_UV, _CLEAR = (0.5, 0.8), 0.02
_LIFTING = ("RsmileClose", "LsmileClose", "Rsquint", "Lsquint", "Rdisgust", "Ldisgust")  # the cheeks
_OUT = 0.03  # that cheeks push glasses off the eyes at most; then rims are cut to the face
_LENGTHS = np.linspace(1, 0.4, 13)  # of a rim's spokes, longest first
_EARS = 0.1  # depth from which on ears, not the head, are widest; temples go between the two
_SECTION = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])


def wear_glasses(avatar: Avatar, person: Appearance) -> Avatar:
    """The avatar, already painted, with the person's glasses."""
    if person.glasses is None:
        return avatar
    textures = avatar.textures.copy()
    half = textures.shape[1] // 2
    textures[2, half:, :, :3] = np.round(255 * np.sqrt(np.clip(person.glasses, 0, 1)))
    made = replace(avatar, textures=textures)
    rims = [_rim(avatar, person, eye) for eye in (2, 3)]
    wires = [*((rim, True) for rim in rims), (_bridge(rims), False), *((_temple(avatar, rim), False) for rim in rims)]
    for line, closed in wires:
        made = _attached(made, *_tube(line, closed), kind="glasses")
    for rim in rims:
        made = _attached(made, *_disc(rim), kind="lens")
    return made


def _attached(avatar: Avatar, points: np.ndarray, normals: np.ndarray, triangles: np.ndarray, *, kind: str) -> Avatar:
    count = len(points)
    return attach(
        avatar, points=points, normals=normals, uv=np.tile(_FRAME_UV, (count, 1)), weights=on_head(count), layer=2,
        kind=KINDS.index(kind), triangles=triangles,
    )  # fmt: skip


def _rim(avatar: Avatar, person: Appearance, eye: int) -> np.ndarray:
    """Points around one eye [_SPOKES, 3], before everything that is near it; nose and cheeks may shorten spokes."""
    middle = avatar.joints[eye]
    apart = abs(avatar.joints[2, 0] - avatar.joints[3, 0])
    wide, tall, square = person.glasses_shape
    turn = np.linspace(0, 2 * np.pi, _SPOKES, endpoint=False)
    power = 1 - 0.45 * square  # of a superellipse
    x, y = (np.sign(f(turn)) * np.abs(f(turn)) ** power for f in (np.cos, np.sin))
    side = np.sign(middle[0])
    centre = middle[:2] + np.array([0.03 * side * apart, -0.02])
    spokes = apart * np.stack([wide * x, tall * y], axis=-1)
    bent = 0.05 * np.clip(side * spokes[:, 0] / (apart * wide), 0, 1) ** 2
    skin = _foremost(avatar, centre + _LENGTHS[:, None, None] * spokes)
    front = min((skin[0] + bent).max(), skin[_LENGTHS <= 0.5].max() + _OUT) + _CLEAR
    length = _LENGTHS[np.argmax(skin + bent <= front - _CLEAR, axis=0)]
    length = gaussian_filter1d(minimum_filter1d(length, 3, mode="wrap"), 1.0, mode="wrap")
    return np.c_[centre + length[:, None] * spokes, front - bent]


def _foremost(avatar: Avatar, places: np.ndarray) -> np.ndarray:
    """How far skin and eyes come forward about places x, y [..., 2], at rest or when cheeks are lifted: [...]."""
    face = np.isin(avatar.kind, [0, 1]) & (avatar.points[:, 2] > 0)
    depth = avatar.points[:, 2].astype(np.float64)
    lifted = avatar.shifts[[EXPRESSION_INDEX[name] for name in _LIFTING], :, 2]
    depth[: lifted.shape[1]] += lifted.max(0).clip(0)
    near = cKDTree(avatar.points[face, :2]).query_ball_point(places, 0.025)
    return np.vectorize(lambda found: depth[face][found].max(initial=0.0))(near).astype(np.float64)


def _bridge(rims: list[np.ndarray]) -> np.ndarray:
    """From rim to rim over the nose."""
    ends = [rim[np.argmin(np.abs(rim[:, 0]) - 0.4 * (rim[:, 1] - rim[:, 1].mean()))] for rim in rims]
    share = np.linspace(0, 1, 7)[:, None]
    return ends[0] + share * (ends[1] - ends[0]) + np.sin(np.pi * share) * [0, 0.025, 0.02]


def _temple(avatar: Avatar, rim: np.ndarray) -> np.ndarray:
    """From the outer end of a rim back over the ear."""
    side = np.sign(rim[:, 0].mean())
    start = rim[np.argmax(side * rim[:, 0])] + [0, 0.02, 0]
    skin = (avatar.kind == 0) & (np.abs(avatar.points[:, 1] - start[1]) < 0.06) & (side * avatar.points[:, 0] > 0)
    depth, wide = np.linspace(start[2], -0.12, 8), side * start[0]
    outline = [
        (side * avatar.points[skin & (np.abs(avatar.points[:, 2] - max(z, _EARS)) < 0.05), 0]).max(initial=wide)
        for z in depth
    ]
    away = np.maximum.accumulate(outline) + _THIN
    drop = np.clip((0.02 - depth) / 0.3, 0, 1) * 0.06
    line = np.c_[side * away, start[1] - drop, depth]
    return np.concatenate([start[None], line[1:]])


def _tube(line: np.ndarray, closed: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A wire along points [N, 3]: points, normals and triangles."""
    count = len(line)
    along = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0) if closed else np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    aside = np.cross(along, np.where(np.abs(along[:, 2:]) > 0.8, [[0.0, 1, 0]], [[0.0, 0, 1]]))
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    normals = np.einsum("sk,knc->nsc", _SECTION, np.stack([aside, np.cross(aside, along)]))
    points = line[:, None] + _THIN * normals
    row, corner = (a.ravel() for a in np.mgrid[: count if closed else count - 1, :4])
    here, next_row = 4 * row, 4 * ((row + 1) % count)
    beside = (corner + 1) % 4
    first = np.c_[here + corner, next_row + corner, here + beside]
    second = np.c_[here + beside, next_row + corner, next_row + beside]
    triangles = np.concatenate([first, second])
    return rearrange(points, "n s c -> (n s) c"), rearrange(normals, "n s c -> (n s) c"), triangles


def _disc(rim: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A lens within a rim, slightly domed: its normals lean outwards, so that glare moves over it."""
    middle = rim.mean(0)
    points = np.concatenate([middle[None], rim])
    normals = (points - middle) * [1.2, 1.2, 0] + np.array([0, 0, 1])
    ring = 1 + np.arange(len(rim))
    triangles = np.c_[np.zeros(len(rim), int), ring, np.roll(ring, -1)]
    return points, normals / np.linalg.norm(normals, axis=1, keepdims=True), triangles
