"""Another detector: scikit-image's cascade for frontal faces, which no network of ours had a part in.

T. Ahonen et al., Face Description with Local Binary Patterns, 2006; the cascade is OpenCV's, shipped by scikit-image.
One look of it finds most photographed faces. Six looks, tilted and mirrored, that have to agree, find nearly all faces,
painted ones too, and see none where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from einops import reduce
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade
from torch import Tensor

from vasa.face.crop import Crop
from vasa.face.detector import check_width, no_face

WINDOW_PX = 24  # side of the smallest square the cascade looks at
# Searches from large faces to small ones: the picture's longer side in pixels, and how many squares have to agree.
# A finer search sees more squares where there is no face.
SEARCHES = ((64, 10), (128, 10), (256, 50), (512, 50))
NEAR_PX, SEEN_AGAIN = 128, 2  # pixels a side of the second search, and the looks that have to see the face there
TILTS = (0.0, -0.21, 0.21)  # radians
ROOM = 2.2  # side of the second look, in boxes


@dataclass(frozen=True)
class Boxes:
    """Squares [N, 3] of centre x, y and side in picture pixels, and the look [N] that saw each."""

    squares: np.ndarray
    looks: np.ndarray


@dataclass(frozen=True)
class Face:
    """Squares that agree: their mean in picture pixels, how many they are, and how many looks saw them."""

    x_px: float
    y_px: float
    size_px: float
    votes: int
    looks: int


class CascadeDetector:
    """Finds the largest frontal face.

    looks: how many of the six looks have to see a face. below: how far the crop's centre lies under that of the
    cascade's square; ratio: side of the crop; both in sides of the square, as measured on faces with known points.
    """

    def __init__(self, *, looks: int = 4, below: float = 0.074, ratio: float = 1.89) -> None:
        self._cascade = Cascade(lbp_frontal_face_cascade_filename())
        self._looks, self._below, self._ratio = looks, below, ratio

    def __call__(self, picture: Tensor) -> Crop:
        """The crop that fits the largest face in [3, H, W]; raises ValueError."""
        face = self._largest(picture)
        check_width(face.size_px)
        return self._fitted(face)

    def _fitted(self, face: Face) -> Crop:
        """The crop of a square."""
        return Crop(face.x_px, face.y_px + self._below * face.size_px, self._ratio * face.size_px)

    def _searches(self, picture: Tensor) -> Iterator[tuple[Crop, int]]:
        """The whole picture, and with how many pixels a side to look at it."""
        height, width = picture.shape[-2:]
        whole = Crop(width / 2, height / 2, max(height, width))
        for side, _ in SEARCHES:
            if side <= 2 * whole.size_px:
                yield whole, side

    def _largest(self, picture: Tensor) -> Face:
        votes = dict(SEARCHES)
        for whole, side in self._searches(picture):
            faces = [f for f in self._search(picture, whole, side) if f.votes >= votes[side] and f.looks >= self._looks]
            for face in sorted(faces, key=lambda f: -f.size_px):
                if (again := self._again(picture, face)) is not None:
                    return again
        raise no_face()

    def _again(self, picture: Tensor, face: Face) -> Face | None:
        """The same face at the size at which the cascade's squares are measured, if it is still one."""
        seen = self._search(picture, Crop(face.x_px, face.y_px, ROOM * face.size_px), NEAR_PX)
        return next((f for f in seen if f.looks >= SEEN_AGAIN and _same(f, face)), None)

    def _search(self, picture: Tensor, area: Crop, side: int) -> list[Face]:
        """Faces in a part of the picture that is looked at with this many pixels a side."""
        found, looks = [], []
        for look, (crop, mirrored) in enumerate(_looks(area)):
            grey = reduce(crop.crop(picture, side), "c h w -> h w", "mean")
            squares = self._squares(grey.flip(-1) if mirrored else grey)
            if mirrored:
                squares[:, 0] = side - squares[:, 0]
            centres = crop.to_picture(torch.from_numpy(squares[:, :2]) * 2 / side - 1).numpy()
            found.append(np.concatenate([centres, squares[:, 2:] * area.size_px / side], axis=1))
            looks.append(np.full(len(squares), look))
        return _agreeing(Boxes(np.concatenate(found), np.concatenate(looks)))

    def _squares(self, grey: Tensor) -> np.ndarray:
        """[N, 3]: centre x, y and side of every square of a picture [H, W] that the cascade takes for a face."""
        hits = self._cascade.detect_multi_scale(
            grey.numpy().astype(np.float64),
            scale_factor=1.1,
            step_ratio=1,
            min_size=(WINDOW_PX, WINDOW_PX),
            max_size=tuple(grey.shape),
            min_neighbor_number=0,
            intersection_score_threshold=1.0,
        )
        rows = [(h["c"] + h["width"] / 2, h["r"] + h["height"] / 2, h["width"]) for h in hits]
        return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _looks(area: Crop) -> Iterator[tuple[Crop, bool]]:
    for tilt in TILTS:
        for mirrored in (False, True):
            yield Crop(area.x_px, area.y_px, area.size_px, area.angle + tilt), mirrored


def _agreeing(boxes: Boxes) -> list[Face]:
    """Groups of squares of about the same place and size, those with most squares first."""
    faces, left = [], np.ones(len(boxes.looks), dtype=bool)
    x, y, size = boxes.squares.T
    apart = np.hypot(x[:, None] - x, y[:, None] - y) / np.minimum(size[:, None], size)
    alike = (apart < 0.25) & (np.abs(np.log(size[:, None] / size)) < 0.35)
    while left.any():
        seed = int(np.argmax((alike & left).sum(1) * left))
        group = alike[seed] & left
        middle = np.mean(boxes.squares[group], axis=0)
        x_px, y_px, size_px = map(float, middle)
        faces.append(Face(x_px, y_px, size_px, int(group.sum()), len(np.unique(boxes.looks[group]))))
        left &= np.hypot(x - x[seed], y - y[seed]) >= 0.6 * np.maximum(size, size[seed])
    return faces


def _same(one: Face, other: Face) -> bool:
    apart = np.hypot(one.x_px - other.x_px, one.y_px - other.y_px)
    return bool(apart < 0.35 * other.size_px and 0.6 < one.size_px / other.size_px < 1.7)
