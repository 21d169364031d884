"""New people from two: avatars whose texture coordinates agree lend each other shape, expressions and skin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from einops import repeat
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter, maximum_filter
from scipy.spatial import cKDTree

from vasa.people.avatar import EYE_FRONT, Avatar
from vasa.people.colours import face_colour
from vasa.people.marks import HAIR, marked

_SAME_UV = 1e-3
_SAME_PLACE = 0.13  # hair that is part of the skin may use one texture at different places
_HAIR = 4  # index into KINDS
_RELATED = 0.3  # of the vertices have a partner in an avatar of the same layout


def mix(body: Avatar, other: Avatar, *, share: float) -> Avatar:
    """`body` with this share of `other`'s head: shape, expressions and the skin of the face; hair and clothes stay.

    Where their textures are laid out in different ways nothing is mixed.
    """
    match, found = partners(body, other)
    if found.mean() < _RELATED:
        return body
    rigid = share * np.clip(body.weights[:, [0, 2, 3]].sum(1), 0, 1)
    shift = (other.points[match] - body.points) * rigid[:, None]
    shift[~found] = borrowed(body, shift, found)
    amount = np.where(found, rigid, 0)
    normals = body.normals + amount[:, None] * (other.normals[match] - body.normals)
    joints = body.joints.copy()
    joints[2:] += share * (other.joints[2:] - body.joints[2:])
    return replace(
        body,
        points=(body.points + shift).astype(np.float32),
        normals=normals.astype(np.float32),
        shifts=_blend_shapes(body.shifts, other.shifts, match, amount),
        turns=_blend_shapes(body.turns, other.turns, match, amount),
        joints=joints,
        textures=_blend_textures(body, other, share),
    )


def stretch(avatar: Avatar, build: np.ndarray) -> Avatar:
    """Make the head broader or deeper ([2] gains along x and z); eyes keep their place in depth."""
    gain = np.array([build[0], 1.0, build[1]])
    middle = np.array([0, 0, EYE_FRONT])
    rigid = np.clip(avatar.weights[:, [0, 2, 3]].sum(1) + 0.5 * avatar.weights[:, 1], 0, 1)[:, None]
    points = avatar.points + rigid * (gain - 1) * (avatar.points - middle)
    joints = avatar.joints.copy()
    joints[2:] += (gain - 1) * (joints[2:] - middle)
    return replace(
        avatar,
        points=points.astype(np.float32),
        shifts=(avatar.shifts * gain).astype(np.float32),
        joints=joints.astype(np.float32),
    )


def partners(body: Avatar, other: Avatar) -> tuple[np.ndarray, np.ndarray]:
    """For each vertex the other's vertex with the same texture coordinates: indices [V], and whether there is one."""
    # Parts of different kinds may share coordinates, so the kind is one more, far apart; so are the sides of the head.
    mine, theirs = (np.c_[a.uv, 10 * a.kind, np.sign(np.round(a.points[:, 0], 2))] for a in (body, other))
    away, match = cKDTree(theirs).query(mine)
    apart = np.linalg.norm(other.points[match] - body.points, axis=1)
    return match, (away < _SAME_UV) & (apart < _SAME_PLACE) & (body.kind != _HAIR)


def borrowed(body: Avatar, shift: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Shift of vertices without a partner, from the eight nearest that have one."""
    away, near = cKDTree(body.points[found]).query(body.points[~found], k=8)
    closeness = 1 / (away + 1e-3)
    closeness /= closeness.sum(1, keepdims=True)
    return np.einsum("nk,nkc->nc", closeness, shift[found][near])


def _blend_shapes(mine: np.ndarray, theirs: np.ndarray, match: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Blendshapes [E, M, 3] with some of the other's."""
    moving, limit = mine.shape[1], theirs.shape[1]
    partner, weight = match[:moving], amount[:moving].astype(np.float32)
    lent = theirs[:, np.minimum(partner, limit - 1)] * (partner < limit)[:, None]
    return mine + weight[:, None] * (lent - mine)


def _blend_textures(body: Avatar, other: Avatar, share: float) -> np.ndarray:
    """Textures with some of the other's face, but no fringe, brought to the tone of the body's skin."""
    fringe = (marked(other)[0, ..., 3] == HAIR).astype(np.float32)
    bare = _face_mask(body) * (1 - gaussian_filter(maximum_filter(fringe, 15), 5))
    mask = share * repeat(bare, "h w -> h w c", c=3)
    tone = face_colour(body) / face_colour(other)
    lent = np.clip(other.textures[0] * tone, 0, 255)
    blended = body.textures.copy()
    blended[0] = np.round(body.textures[0] * (1 - mask) + lent * mask)
    return blended


def _face_mask(avatar: Avatar) -> np.ndarray:
    """Where in the body's texture the front of the face and the eyes are: [H, W] in 0 to 1, soft edges."""
    height, width = avatar.textures.shape[1:3]
    size = height // 4
    points = avatar.points
    front = (avatar.kind == 0) & (avatar.weights[:, 0] > 0.95) & (points[:, 2] > 0.16)
    front &= (points[:, 1] < 0.48) & (np.abs(points[:, 0]) < 0.35)
    chosen = front | (avatar.kind == 1)
    canvas = Image.new("L", (size, size))
    pen = ImageDraw.Draw(canvas)
    for corners in avatar.uv[avatar.triangles[chosen[avatar.triangles].all(1)]] * size:
        pen.polygon([tuple(corner) for corner in corners], fill=255)
    soft = gaussian_filter(np.asarray(canvas, np.float32) / 255, 3)
    return np.asarray(Image.fromarray(soft).resize((width, height), Image.Resampling.BILINEAR))
