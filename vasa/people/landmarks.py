"""The 68 landmarks of iBUG/300-W on a virtual face, from its geometry alone.

Avatars of one texture layout have a landmark at the same texture coordinates; `landmarks.csv` holds them. They were
found on neutral, talking and turned faces of 16 VALID avatars: the median place of an outside face landmarker's
points, made symmetric, moved to the rims of lids and lips, and spread evenly along jaw and bridge of the nose.
Points 0 to 16 stay on the jaw bone's line when the head turns; they do not slide along the outline.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from einops import rearrange, repeat

from vasa.people.avatar import Avatar
from vasa.people.landmark_fit import blinks, nearest_vertices

COUNT = 68
_MARGIN = 0.05  # of depth that a place map's rounding and cells may cost
_TURNED = -0.35  # rims of lids and lips face up and down and are seen all the same
_ELSEWHERE = 0.12  # canonical units from where others have it; VALID's differ by 0.02
_OFF_SURFACE = -0.05  # of a triangle's barycentric shares


@dataclass(frozen=True)
class Anchors:
    """Where landmarks hang: three vertices of an avatar and their shares."""

    vertices: np.ndarray  # [68, 3] int64
    shares: np.ndarray  # [68, 3]


@cache
def places() -> np.ndarray:
    """Texture coordinates of the landmarks, [68, 2]."""
    table = files("vasa.people").joinpath("landmarks.csv").read_text().splitlines()[1:]
    return np.array([[float(number) for number in line.split(",")[:2]] for line in table])


@cache
def typical() -> np.ndarray:
    """Where VALID's avatars have their landmarks on average, canonical units: [68, 3]."""
    table = files("vasa.people").joinpath("landmarks.csv").read_text().splitlines()[1:]
    return np.array([[float(number) for number in line.split(",")[3:]] for line in table])


def anchors(avatar: Avatar) -> Anchors:
    """Find the landmarks on an avatar: by texture coordinates, or by shape where its texture is laid out otherwise.

    Raises ValueError where it has no face.
    """
    triangles = avatar.triangles[_on_face(avatar)[avatar.triangles].all(1)]
    if not len(triangles):
        raise ValueError("The avatar has no skin on its head, so it has no landmarks; use an avatar like VALID's.")
    hung, acts = _by_texture(avatar, triangles), blinks(avatar)
    if hung is not None and (_usual(avatar, hung) or not acts):
        return hung
    if not acts:
        raise ValueError("The avatar's texture is laid out unlike VALID's, so its landmarks cannot be found.")
    vertices = nearest_vertices(avatar, typical())
    return Anchors(repeat(vertices, "l -> l k", k=3), repeat(np.array([1.0, 0, 0]), "k -> l k", l=COUNT))


def laid_out(avatar: Avatar) -> bool:
    """Whether its texture is laid out as VALID's, so that it can be painted by the landmarks' places in it."""
    triangles = avatar.triangles[_on_face(avatar)[avatar.triangles].all(1)]
    hung = _by_texture(avatar, triangles) if len(triangles) else None
    return hung is not None and _usual(avatar, hung)


def _by_texture(avatar: Avatar, triangles: np.ndarray) -> Anchors | None:
    corners = avatar.uv[triangles].astype(np.float64)
    landmark, near = _beside(places(), corners)
    least = np.full((COUNT, len(triangles)), -np.inf)
    least[landmark, near] = _shares(places()[landmark], corners[near]).min(-1)
    best = least.argmax(1)
    found = _shares(places(), corners[best])
    return Anchors(triangles[best], found) if found.min() >= _OFF_SURFACE else None


def _beside(points: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of points [N, 2] and triangles [F, 3, 2] that may hold them, as indices; far fewer than all pairs."""
    columns = rearrange(corners, "f k c -> k c f")
    low, high = np.minimum.reduce(columns), np.maximum.reduce(columns)
    room = -3 * _OFF_SURFACE * (high - low)  # two shares of _OFF_SURFACE lead no farther out of the corners' box
    (left, top), (right, bottom) = low - room, high + room
    found = [np.flatnonzero((left < u) & (u < right) & (top < v) & (v < bottom)) for u, v in points]
    return np.repeat(np.arange(len(points)), [len(near) for near in found]), np.concatenate(found)


def _usual(avatar: Avatar, hung: Anchors) -> bool:
    """Whether landmarks lie about where faces have them."""
    where = np.einsum("lk,lkc->lc", hung.shares, avatar.points[hung.vertices])
    return bool(np.linalg.norm(where - typical(), axis=1).mean() < _ELSEWHERE)


def _on_face(avatar: Avatar) -> np.ndarray:
    """Skin of the front half of the head, whose texture coordinates are its own: [V] bool."""
    skin = (avatar.kind == 0) & (avatar.layer == 0)
    return skin & (avatar.weights[:, 0] > 0.3) & (avatar.points[:, 2] > -0.27)


def _shares(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Barycentric shares of points [N, 2], each in its triangle [N, 3, 2]: [N, 3]; negative outside."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = _cross(first, second)
    area[area == 0] = 1e-30  # of no size, so nothing lies in it
    away = points - corners[:, 0]
    b, c = _cross(away, second) / area, _cross(first, away) / area
    return np.stack([1 - b - c, b, c], axis=-1)


def _cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]


def landmarks(
    avatar: Avatar, *, expression: np.ndarray, parts: np.ndarray, distance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where landmarks are and how they face, under expressions [T, E] and parts [T, 5, 4, 4] (see `rig.Placement`).

    Returns x, y, z [T, 68, 3] float32: x to the right and y down as a camera at `distance` sees them, the picture
    spans -1 to 1; z is depth towards the camera before perspective, as in a place map. And the cosine between the
    skin's normal and the view, [T, 68].
    """
    hung = anchors(avatar)
    points = _moved(avatar.points, avatar.shifts, hung.vertices, expression)
    normals = _moved(avatar.normals, avatar.turns, hung.vertices, expression)
    matrices = _skinning(avatar.weights[hung.vertices], parts)
    posed = np.einsum("lk,tlkij,tlkj->tli", hung.shares, matrices, np.insert(points, 3, 1.0, axis=-1))
    facing = np.einsum("lk,tlkij,tlkj->tli", hung.shares, matrices[..., :3], normals)
    view = np.array([0, 0, distance]) - posed
    cosine = (facing * view).sum(-1) / np.linalg.norm(facing, axis=-1) / np.linalg.norm(view, axis=-1)
    gain = distance / view[..., 2]
    seen = np.stack([gain * posed[..., 0], -gain * posed[..., 1], posed[..., 2]], axis=-1)
    return seen.astype(np.float32), cosine


def _moved(still: np.ndarray, shifts: np.ndarray, vertices: np.ndarray, expression: np.ndarray) -> np.ndarray:
    """Some vertices [68, 3] of those that are still at [V, 3], under expressions: [T, 68, 3, 3]."""
    moving = shifts.shape[1]
    moves = shifts[:, np.minimum(vertices, moving - 1)] * (vertices < moving)[..., None]
    return still[vertices] + np.einsum("te,elkc->tlkc", expression, moves)


def _skinning(weights: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """What parts [T, 5, 4, 4] do to vertices of weights [68, 3, 4]: [T, 68, 3, 3, 4]; the rest of a weight is body."""
    whole = np.concatenate([weights, 1 - weights.sum(-1, keepdims=True)], axis=-1)
    return np.einsum("lkn,tnij->tlkij", whole, parts[:, :, :3])


def visible(points: np.ndarray, cosine: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Which landmarks [T, 68, 3] the camera sees, by the depth in a place map [T, 5, h, w]: [T, 68] bool.

    A landmark is hidden where it lies outside the picture, faces away, or everything around it is nearer: another
    part of the head, or hair. Cells are coarse, so this is right to within a cell at the edges of what hides.
    """
    size = place.shape[-1]
    where = (points[..., :2] + 1) / 2 * size - 0.5  # in cells
    inside = (np.abs(points[..., :2]) < 1).all(-1)
    corner = np.clip(np.floor(where).astype(int), 0, size - 2)
    frame = np.arange(len(points))[:, None]
    depth = np.where(place[:, 4] > 0, place[:, 3] / 127.5 - 1, -np.inf)
    around = [depth[frame, corner[..., 1] + down, corner[..., 0] + right] for down in (0, 1) for right in (0, 1)]
    return inside & (cosine > _TURNED) & (np.min(around, axis=0) < points[..., 2] + _MARGIN)
