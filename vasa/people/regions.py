"""What a film's part map tells apart, and where avatars of VALID's texture layout have it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from vasa.people.avatar import Avatar
from vasa.people.landmarks import places

PARTS = ("background", "clothes", "skin", "hair", "eyes", "lips", "teeth", "mouth", "glasses")
_PART_OF_KIND = ("", "eyes", "teeth", "teeth", "hair", "glasses", "", "clothes", "mouth")  # teeth with gums and tongue
_OUTER_LIPS = slice(48, 60)
# Texture coordinates u, v of the walls of the mouth, upper and lower: from, to.
_WALLS = np.array([[[0.0, 0.0], [0.1, 0.1]], [[0.87, 0.37], [1.0, 0.47]]])
_CROWN = np.array([[0.25, 0.005], [0.4, 0.06]])
_MASK_PX = 1024


def regions(avatar: Avatar) -> np.ndarray:
    """The part of each vertex, an index into PARTS: [V]; 0 where the painted texture says what it is."""
    skin = (avatar.kind == 0) & (avatar.layer == 0) & (avatar.weights[:, 0] > 0.3)
    canvas = Image.new("L", (_MASK_PX, _MASK_PX))
    ImageDraw.Draw(canvas).polygon([tuple(p) for p in places()[_OUTER_LIPS] * _MASK_PX], fill=1)
    column, row = (avatar.uv % 1 * (_MASK_PX - 1)).astype(int).T
    lips = np.asarray(canvas)[row, column] > 0
    inside = np.any([_within(avatar.uv, wall) for wall in _WALLS], axis=0)
    named = np.array([PARTS.index(name) if name else 0 for name in _PART_OF_KIND])[avatar.kind.astype(int)]
    named[skin & lips] = PARTS.index("lips")
    named[skin & inside] = PARTS.index("mouth")
    return named


def crown_colour(avatar: Avatar) -> np.ndarray:
    """Median colour of the top of the head in the body's texture [3]: of painted hair, unless the head is bald.

    Under hair of its own shape no hair is painted; then it is a colour that no texture is near.
    """
    if (avatar.layer == 1).any():
        return np.full(3, -1000.0)
    height, width = avatar.textures.shape[1:3]
    (left, top), (right, bottom) = (_CROWN * [width, height]).astype(int)
    return np.median(avatar.textures[0, top:bottom, left:right].reshape(-1, 3).astype(np.float64), axis=0)


def _within(uv: np.ndarray, box: np.ndarray) -> np.ndarray:
    return ((uv > box[0]) & (uv < box[1])).all(1)
