"""The picture that a face is shown in: cut out once, pasted back for every frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from torch import Tensor
from torch.nn import functional as F

from vasa.face.crop import Crop
from vasa.face.detector import Detector

LONGEST_PX = 1280  # side of the largest video written
ENLARGED = 2.0  # by how much a rendered face may be enlarged before it looks blurred beside a sharp picture
FILLS = 0.8  # a crop of this share of the picture's longer side is shown alone


@dataclass(frozen=True)
class Stage:
    """A picture [3, H, W], the square of its face, and what the renderer sees of it [3, S, S].

    place: where rendered faces go in the picture; None shows them alone.
    """

    face: Tensor
    square: Crop
    picture: Tensor
    place: Crop | None

    @classmethod
    def of(cls, picture: Tensor, detector: Detector, size_px: int, *, paste: bool | None = None) -> Self:
        """Find the face of [3, H, W] for a renderer of this size; raises ValueError where there is none."""
        square = detector(picture)
        face = square.crop(picture, size_px)
        if not (square.size_px < FILLS * max(picture.shape[-2:]) if paste is None else paste):
            return cls(face, square, face, None)
        scale = min(1.0, LONGEST_PX / max(picture.shape[-2:]), ENLARGED * size_px / square.size_px)
        return cls(face, square, shrunk(picture, scale), scaled(square, scale))

    @property
    def size_px(self) -> tuple[int, int]:
        """Height and width of the frames."""
        height, width = self.picture.shape[-2:]
        return height, width

    def paste(self, faces: Tensor) -> Tensor:
        """Rendered faces [T, 3, S, S] -> frames [T, 3, H, W] on the CPU."""
        faces = faces.cpu().clamp(0, 1)
        return faces if self.place is None else self.place.paste(self.picture, faces)


def shrunk(picture: Tensor, scale: float) -> Tensor:
    """A smaller picture with even sides, as video needs."""
    height, width = (round(side * scale) for side in picture.shape[-2:])
    small = F.interpolate(picture[None], (height, width), mode="bilinear", antialias=True)[0]
    return small[:, : height - height % 2, : width - width % 2].clamp(0, 1)


def scaled(square: Crop, scale: float) -> Crop:
    """The same square in a picture of another size."""
    return Crop(square.x_px * scale, square.y_px * scale, square.size_px * scale, square.angle)
