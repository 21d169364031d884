"""The default detector: the reader looks for faces, cuts what may be one anew, and judges it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol, Self

import torch
from torch import Tensor

from vasa import checkpoint
from vasa.face.crop import Crop
from vasa.face.detector import UnclearFace, UnsureFace, check_width, no_face
from vasa.face.reading import FaceReading
from vasa.face.search import WindowSearch

SHIPPED = Path(__file__).parents[1] / "weights" / "reader"
WIDTH = 0.53  # of a face, in sides of the crop that fits it
STEADY = 0.65  # mean confidence of the landmarks of nearly all faces; of what is none it is below 0.4
WHOLE = (1.0, 0.6)  # squares in the middle of the picture that are tried too, in its shorter sides


class Reads(Protocol):
    """Reads faces off square pictures, as `vasa.face.reader.FaceReader` does."""

    sharp_size: int

    def __call__(self, picture: Tensor) -> FaceReading:
        """[B, 3, H, H] in [0, 1], `sharp_size` a side."""
        ...


@dataclass(frozen=True)
class Found:
    """A face: the crop that fits it, turned as the head is, and how certainly it is one, 0 to 1.

    clear: mean confidence of its landmarks, 1 where nobody looked.
    """

    crop: Crop
    face: float
    clear: float = 1.0

    @property
    def upright(self) -> Crop:
        return Crop(self.crop.x_px, self.crop.y_px, self.crop.size_px)


class ReaderDetector:
    """Finds one face: candidates are read, cut anew where the reader says the head is, and read again.

    Of several faces it takes the largest that it is plainly sure of; where there is none such, the surest, with a
    warning (`vasa.face.detector.UnsureFace`): painted, tiny and side faces. It warns too of a face whose landmarks
    it is not sure of (`vasa.face.detector.UnclearFace`): what such a portrait does is easily misread. The crop has the
    framing that the reader learned from its film: the head at x = y = log scale = 0, as a renderer of the same film
    has it.

    candidates: proposes crops of a picture [3, H, W], some at a time, large ones first, until one is plainly a face.
    sure, plain: how surely a face has to be one to be taken, and to be taken at once. clear: mean confidence of the
    landmarks below which it warns. rounds: how often it is cut anew.
    """

    def __init__(
        self,
        reader: Reads,
        *,
        candidates: Callable[[Tensor], Iterable[Sequence[Crop]]],
        sure: float = 0.65,
        plain: float = 0.9,
        clear: float = 0.67,
        rounds: int = 2,
    ) -> None:
        self._reader, self.candidates = reader, candidates
        self._sure, self._plain, self._clear, self._rounds = sure, plain, clear, rounds

    @classmethod
    def shipped(cls) -> Self:
        """With the reader that comes with vasa; raises ValueError where this copy has none."""
        return cls.of(SHIPPED)

    @classmethod
    def of(cls, folder: Path | str) -> Self:
        """With the reader of a checkpoint, which looks for faces too; raises ValueError."""
        reader = checkpoint.load(folder)
        return cls(reader, candidates=WindowSearch(reader))

    def __call__(self, picture: Tensor) -> Crop:
        """The crop that fits the face in [3, H, W]; warns where it is not sure, raises ValueError where none is."""
        found = self.find(picture)
        check_width(WIDTH * found.crop.size_px)
        if found.face < self._plain:
            warnings.warn(UnsureFace(found.face), stacklevel=2)
        elif found.clear < self._clear:
            warnings.warn(UnclearFace(found.clear), stacklevel=2)
        return found.upright

    def find(self, picture: Tensor) -> Found:
        """The face in [3, H, W], however narrow; raises ValueError where there is none."""
        likely: list[Found] = []
        for crops in chain([_middle(picture)], self.candidates(picture)):
            found = self.refined(picture, crops)
            if plain := [one for one in found if one.face >= self._plain]:
                return max(plain, key=lambda one: one.crop.size_px)
            likely += found
        surest = max(likely, key=lambda one: one.face, default=None)
        if surest is None or surest.face < self._sure:
            raise no_face()
        return surest

    @torch.no_grad()
    def near(self, picture: Tensor, last: Crop) -> Crop | None:
        """The crop of the face that was about there a moment ago; None where it is not. It is read once: what is
        missed of a head that moves fast, the next frame makes up for."""
        read = self.read(picture, [last])
        found = Found(_aligned(last, read.pose[0].cpu()), certainty(read).item())
        return found.upright if found.face >= self._sure and _stayed(last, found.crop) else None

    @torch.no_grad()
    def refined(self, picture: Tensor, crops: Sequence[Crop]) -> list[Found]:
        """What these crops come to when the reader has cut them anew; those that ran away are left out."""
        if not crops:
            return []
        now = list(crops)
        for _ in range(self._rounds):
            read = self.read(picture, now)
            now = [_aligned(crop, pose) for crop, pose in zip(now, read.pose.cpu(), strict=True)]
        read = self.read(picture, now)
        rows = zip(crops, now, certainty(read).tolist(), read.confidence.mean(-1).tolist(), strict=True)
        return [Found(crop, face, clear) for start, crop, face, clear in rows if _stayed(start, crop)]

    @torch.no_grad()
    def read(self, picture: Tensor, crops: Sequence[Crop]) -> FaceReading:
        """What the reader sees in these crops of a picture [3, H, W]."""
        return self._reader(torch.stack([crop.crop(picture, self._reader.sharp_size) for crop in crops]))


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


def certainty(read: FaceReading) -> Tensor:
    """How certainly pictures show a face [B], 0 to 1: they look like one, and its landmarks hold.

    Much that is no face looks like one to a reader, but it does not know where the landmarks of that are.
    """
    return read.face * (read.confidence.mean(-1) / STEADY).clamp_max(1).square()


def _middle(picture: Tensor) -> list[Crop]:
    """Squares in the middle of a picture, for those that show little but a face."""
    height, width = picture.shape[-2:]
    return [Crop(width / 2, height / 2, share * min(height, width)) for share in WHOLE]


def _aligned(crop: Crop, pose: Tensor) -> Crop:
    """The crop in which the same head has roll = x = y = log scale = 0."""
    _, _, roll, x, y, log_scale = pose.tolist()
    centre = crop.to_picture(torch.tensor([x, y], dtype=torch.float64))
    size_px = crop.size_px * math.exp(max(-1.0, min(1.0, log_scale)))
    return Crop(float(centre[0]), float(centre[1]), size_px, crop.angle + roll)


def _stayed(start: Crop, end: Crop) -> bool:
    """Whether a face is still the one that was proposed."""
    away = math.dist((start.x_px, start.y_px), (end.x_px, end.y_px))
    return away < 0.6 * start.size_px and 0.3 < end.size_px / start.size_px < 3.0
