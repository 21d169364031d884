"""A detector that knows faces: the reader judges and aligns what simpler means propose."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol, Self

import torch
from torch import Tensor

from vasa import checkpoint
from vasa.face.cascade import CascadeDetector
from vasa.face.crop import Crop
from vasa.face.detector import check_width, no_face
from vasa.face.reading import FaceReading

SHIPPED = Path(__file__).parents[1] / "weights" / "reader"
WIDTH = 0.53  # of a face, in sides of the crop that fits it
WHOLE = (1.0, 0.6)  # squares in the middle of the picture that are tried too, in its shorter sides


class Reads(Protocol):
    """Reads faces off square pictures, as `vasa.face.reader.FaceReader` does."""

    image_size: int

    def __call__(self, picture: Tensor) -> FaceReading:
        """[B, 3, H, H] in [0, 1], `image_size` a side."""
        ...


@dataclass(frozen=True)
class Found:
    """A face: the crop that fits it, turned as the head is, and how surely it is one, 0 to 1."""

    crop: Crop
    face: float

    @property
    def upright(self) -> Crop:
        return Crop(self.crop.x_px, self.crop.y_px, self.crop.size_px)


class ReaderDetector:
    """Finds the largest face: candidates are read, cut anew where the reader says the head is, and read again.

    candidates: proposes crops of a picture [3, H, W], some at a time, until one is a face; the default is the cascade.
    sure: how surely a face has to be one. rounds: how often it is cut anew. The crop has the framing that the reader
    learned from its film: the head at x = y = log scale = 0, as a renderer of the same film has it.
    """

    def __init__(
        self,
        reader: Reads,
        *,
        candidates: Callable[[Tensor], Iterable[Sequence[Crop]]] | None = None,
        sure: float = 0.5,
        rounds: int = 2,
    ) -> None:
        self._reader, self._sure, self._rounds = reader, sure, rounds
        self._candidates = candidates or CascadeDetector().candidates

    @classmethod
    def shipped(cls) -> Self:
        """With the reader that comes with vasa; raises ValueError where this copy has none."""
        return cls(checkpoint.load(SHIPPED))

    def __call__(self, picture: Tensor) -> Crop:
        """The crop that fits the largest face in [3, H, W]; raises ValueError."""
        for crops in chain([_middle(picture)], self._candidates(picture)):
            faces = [found for found in self.refined(picture, crops) if found.face >= self._sure]
            if faces:
                largest = max(faces, key=lambda found: found.crop.size_px).upright
                check_width(WIDTH * largest.size_px)
                return largest
        raise no_face()

    def near(self, picture: Tensor, last: Crop) -> Crop | None:
        """The crop of the face that was about there a moment ago; None where it is not."""
        found = self.refined(picture, [last])
        return found[0].upright if found and found[0].face >= self._sure else None

    @torch.no_grad()
    def refined(self, picture: Tensor, crops: Sequence[Crop]) -> list[Found]:
        """What these crops come to when the reader has cut them anew; those that ran away are left out."""
        if not crops:
            return []
        now = list(crops)
        for _ in range(self._rounds):
            read = self.read(picture, now)
            now = [_aligned(crop, pose) for crop, pose in zip(now, read.pose.cpu(), strict=True)]
        faces = self.read(picture, now).face.tolist()
        rows = zip(crops, now, faces, strict=True)
        return [Found(crop, face) for start, crop, face in rows if _stayed(start, crop)]

    @torch.no_grad()
    def read(self, picture: Tensor, crops: Sequence[Crop]) -> FaceReading:
        """What the reader sees in these crops of a picture [3, H, W]."""
        return self._reader(torch.stack([crop.crop(picture, self._reader.image_size) for crop in crops]))


class ReaderLandmarks:
    """The 68 landmarks of 300-W, as the reader sees them, for `vasa.face.framing.FramedDetector`.

    detector: finds the face and reads it; the default is the one that ships.
    """

    def __init__(self, detector: ReaderDetector | None = None) -> None:
        self._detector = detector or ReaderDetector.shipped()

    def __call__(self, picture: Tensor) -> Tensor:
        """[68, 2] in picture pixels, of the largest face in [3, H, W]; raises ValueError where there is none."""
        crop = self._detector(picture)
        return crop.to_picture(self._detector.read(picture, [crop]).landmarks[0].cpu())


def _middle(picture: Tensor) -> list[Crop]:
    """Squares in the middle of a picture, for those that show little but a face."""
    height, width = picture.shape[-2:]
    return [Crop(width / 2, height / 2, share * min(height, width)) for share in WHOLE]


def _aligned(crop: Crop, pose: Tensor) -> Crop:
    """The crop in which the same head has roll = x = y = log scale = 0."""
    _, _, roll, x, y, log_scale = pose.double().tolist()
    centre = crop.to_picture(torch.tensor([x, y], dtype=torch.float64))
    size_px = crop.size_px * math.exp(max(-1.0, min(1.0, log_scale)))
    return Crop(float(centre[0]), float(centre[1]), size_px, crop.angle + roll)


def _stayed(start: Crop, end: Crop) -> bool:
    """Whether a face is still the one that was proposed."""
    away = math.dist((start.x_px, start.y_px), (end.x_px, end.y_px))
    return away < 0.6 * start.size_px and 0.3 < end.size_px / start.size_px < 3.0
