"""The picture that a face is shown in: cut out once, pasted back for every frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import Tensor
from torch.nn import functional as F

from vasa.crown import BLEND, Crown
from vasa.face.crop import RAMP, Crop
from vasa.face.detector import Detector
from vasa.types import Portrait

LONGEST_PX = 1280  # side of the largest video written
ENLARGED = 2.0  # by how much a rendered face may be enlarged before it looks blurred beside a sharp picture


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
    def of(cls, picture: Tensor, detector: Detector, size_px: int, *, paste: bool = True) -> Self:
        """Find the face of [3, H, W] for a renderer of this size; raises ValueError where there is none."""
        square = detector(picture)
        face = square.crop(picture, size_px)
        if not paste:
            return cls(face, square, face, None)
        scale = min(1.0, LONGEST_PX / max(picture.shape[-2:]), ENLARGED * size_px / square.size_px)
        return cls(face, square, shrunk(picture, scale), square.enlarged(scale))

    def alone(self) -> Self:
        """The same face without the picture around it."""
        return replace(self, picture=self.face, place=None)

    @property
    def size_px(self) -> tuple[int, int]:
        """Height and width of the frames."""
        height, width = self.picture.shape[-2:]
        return height, width

    def crown(self, portrait: Portrait) -> Crown | None:
        """What of its head lies above the square, if the picture and the renderer show it."""
        if self.place is None or portrait.head is None:
            return None
        head, pose = (x[0].float().cpu() for x in (portrait.head, portrait.motion.pose[:, 0]))
        return Crown.of(self.picture, self.place, head, pose)

    def paste(self, faces: Tensor, pose: Tensor, crown: Crown | None) -> Tensor:
        """Rendered faces [T, 3, S, S] of heads in poses [T, 6] -> frames [T, 3, H, W] on the CPU."""
        faces = faces.float().cpu().clamp(0, 1)
        if self.place is None:
            return faces
        frames = self.picture.expand(len(faces), -1, -1, -1).clone()
        if crown is not None:
            crown.follow(frames, pose.float().cpu())
        self.place.lay(frames, faces, upper=RAMP if crown is None else BLEND)
        return frames


def shrunk(picture: Tensor, scale: float) -> Tensor:
    """A smaller picture with even sides, as video needs."""
    height, width = (round(side * scale) for side in picture.shape[-2:])
    small = F.interpolate(picture[None], (height, width), mode="bilinear", antialias=True)[0]
    return small[:, : height - height % 2, : width - width % 2].clamp(0, 1)
