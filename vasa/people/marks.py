"""Which texels of an avatar's textures are clothes, skin and hair: the alpha that drawing and part maps go by."""

from __future__ import annotations

import numpy as np
from einops import rearrange
from scipy.ndimage import binary_propagation, gaussian_filter, maximum_filter, minimum_filter, uniform_filter

from vasa.people import masks
from vasa.people.avatar import KINDS, Avatar
from vasa.people.colours import face_colour
from vasa.people.regions import PARTS, crown_colour, regions

CLOTHES, SKIN, HAIR = 0, 128, 255  # of the alpha
_LOWEST = 335  # row of a texture of 1024 px to which sideburns reach; below are beards
_CELLS = 256  # of a raster of texture coordinates, to a side
_INSIDE = np.array([[a, b, 4 - a - b] for a in range(5) for b in range(5 - a)]) / 4  # places all over a triangle


def marked(avatar: Avatar) -> np.ndarray:
    """The textures of an avatar with alpha, and one for what it may wear: [3, H, W, 4]; painted ones are returned."""
    if avatar.textures.shape[-1] == 4:
        return avatar.textures
    height, width = avatar.textures.shape[1:3]
    textures = np.full((3, height, width, 4), HAIR, np.uint8)
    textures[:2, ..., :3] = avatar.textures
    textures[2] = CLOTHES
    textures[0, ..., 3] = _alpha(avatar)
    return textures


def _alpha(avatar: Avatar) -> np.ndarray:
    """Of the body's texture [H, W]: bare skin has the face's hue, hair on the scalp is nearer to the crown's colour."""
    painted = avatar.textures[0].astype(np.float32)
    tone, crown = face_colour(avatar).astype(np.float32), crown_colour(avatar).astype(np.float32)
    total = painted.sum(-1)
    hue = np.abs(painted / (total[..., None] + 5) - tone / tone.sum()).max(-1)
    bright = total / tone.sum()
    alpha = np.where((hue < 0.06) & (bright > 0.45) & (bright < 1.6), SKIN, CLOTHES)
    skin = avatar.kind == 0
    head, scalp = island(avatar, skin & (avatar.weights[:, 0] > 0.5)), island(avatar, skin & _scalp(avatar))
    alpha[head] = SKIN
    outside = ~island(avatar, regions(avatar) == PARTS.index("mouth"))  # dark as hair may be
    head, scalp = head & outside, scalp & outside
    nearer = ((painted - crown) ** 2).sum(-1) < ((painted - tone) ** 2).sum(-1)
    alpha[_hanging(scalp & nearer, head & nearer)] = HAIR
    return _settled(alpha)


def _hanging(hair: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Hair [H, W] bool with what is `like` it and hangs from it into the face: fringe and sideburns, no brows or beard.

    Only on textures of 1024 px, as the masks are.
    """
    if hair.shape != (1024, 1024):
        return hair
    face = tuple(slice(0, side) for side in masks.FACE_PX)
    other = np.max([masks.brows(40), masks.lids(), masks.moustache(), masks.goatee()], axis=0) > 0.05
    grown = hair.copy()
    free = like[face] & ~other & (np.arange(masks.FACE_PX[0]) < _LOWEST)[:, None]
    grown[face] |= binary_propagation(hair[face], mask=free | hair[face])
    return grown


def _settled(alpha: np.ndarray) -> np.ndarray:
    """Every texel of the kind that most of those around it are."""
    kinds = np.array([CLOTHES, SKIN, HAIR], np.uint8)
    votes = [uniform_filter((alpha == kind).astype(np.float32), 13) for kind in kinds]
    return kinds[np.argmax(votes, axis=0)]


def _scalp(avatar: Avatar) -> np.ndarray:
    """Above the brows, at the temples or behind: [V]."""
    points = avatar.points
    return (avatar.weights[:, 0] > 0.5) & ((points[:, 1] > 0.36) | (points[:, 2] < 0.2))


def island(avatar: Avatar, chosen: np.ndarray) -> np.ndarray:
    """Texels of the body's texture under triangles of chosen vertices [V]: [H, W] bool."""
    height, width = avatar.textures.shape[1:3]
    mine = chosen & (avatar.layer == 0)
    corners = (avatar.uv % 1)[avatar.triangles[mine[avatar.triangles].all(1)]]
    column, row = (rearrange(np.einsum("sk,fkc->sfc", _INSIDE, corners), "s f c -> c (s f)") * _CELLS).astype(int)
    canvas = np.zeros((_CELLS, _CELLS), np.uint8)
    canvas[row.clip(0, _CELLS - 1), column.clip(0, _CELLS - 1)] = 1
    whole = minimum_filter(maximum_filter(canvas, 3), 3) > 0
    return whole[np.arange(height)[:, None] * _CELLS // height, np.arange(width) * _CELLS // width]


def unpainted(avatar: Avatar) -> np.ndarray:
    """Where the body's texture shows no eyes or teeth: [H, W, 1] in 0 to 1; they keep their colours."""
    inner = island(avatar, (avatar.kind > 0) & (avatar.kind < KINDS.index("hair")))
    return 1 - gaussian_filter(maximum_filter(inner, 5).astype(np.float32), 1.0)[..., None]
