"""The tone of an avatar's face."""

from __future__ import annotations

import numpy as np

from vasa.people.avatar import Avatar


def face_colour(avatar: Avatar) -> np.ndarray:
    """Median colour of the face's texture: [3] in 0 to 255."""
    shown = avatar.points - avatar.points[avatar.lips].mean(0)
    cheeks = (avatar.kind == 0) & (shown[:, 2] > -0.16) & (np.abs(shown[:, 1] - 0.133) < 0.16)
    height, width = avatar.textures.shape[1:3]
    column, row = (avatar.uv[cheeks] % 1 * [width - 1, height - 1]).astype(int).T
    return np.median(avatar.textures[0, row, column, :3].astype(np.float64), axis=0)
