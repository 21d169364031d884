"""LivePortrait's way to frame a face from its landmarks, as crops of `vasa.face.crop`.

Landmarks are in picture pixels of that module: the centre of the first pixel is (0.5, 0.5). `opencv_map` gives the same
crop in OpenCV's pixels, where it is (0, 0).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from vasa.face.crop import Crop
from vasa.face.detector import check_width
from vasa.face.layouts import layout_of

ROOM, NEAR_PX = 1.5, 384  # of the square about a face's last crop in which it is looked for: in crops, in pixels
CLOSE_PX = 1e-3  # eyes and mouth nearer than this say nothing about up and down


@dataclass(frozen=True)
class Framing:
    """How a square lies round landmarks.

    scale: its side over the larger extent of the landmarks. below: how far its centre lies under theirs, in sides.
    turned: whether the square turns with the head.
    """

    scale: float
    below: float
    turned: bool

    def crop(self, points: Tensor, size_px: int) -> Crop:
        """The crop round landmarks [N, 2] that becomes a picture of this size; raises ValueError for unknown N.

        LivePortrait puts the middle of the square half a pixel beyond the middle of the picture made of it.
        """
        centre, side, angle = self._square(points.cpu().double())
        turn = angle if self.turned else 0.0
        beyond = side / (2 * size_px)
        x = centre[0].item() - beyond * (math.cos(turn) - math.sin(turn))
        y = centre[1].item() - beyond * (math.sin(turn) + math.cos(turn))
        return Crop(x, y, side, -turn)

    def box(self, points: Tensor) -> Tensor:
        """The upright square round landmarks [N, 2]: left, top, right, bottom [4]."""
        centre, side, _ = self._square(points.cpu().double())
        return torch.cat([centre - side / 2, centre + side / 2])

    def _square(self, points: Tensor) -> tuple[Tensor, float, float]:
        """Centre [2], side, and the angle of the head, clockwise on the screen."""
        across, down = _axes(points)
        axes = torch.stack([across, down], dim=-1)
        middle = points.mean(0)
        along = (points - middle) @ axes
        low, high = along.amin(0), along.amax(0)
        side = self.scale * (high - low).max()
        centre = middle + axes @ ((low + high) / 2) + down * self.below * side
        return centre, side.item(), math.atan2(across[1], across[0])


SOURCE = Framing(2.3, -0.125, turned=True)
DRIVING = Framing(2.2, -0.1, turned=False)
LANDMARK_NETWORK = Framing(1.5, -0.1, turned=True)


def opencv_map(crop: Crop, size_px: int) -> Tensor:
    """[2, 3]: OpenCV's pixels of a picture to those of the crop made from it; float64."""
    ends = torch.tensor([[0.5, 0.5], [1.5, 0.5], [0.5, 1.5]], dtype=torch.float64)
    origin, right, down = (crop.to_crop(ends) + 1) * size_px / 2 - 0.5
    return torch.stack([right - origin, down - origin, origin], dim=-1)


class FramedDetector:
    """A detector made of any source of landmarks.

    landmarks: [N, 2] of the largest face in [3, H, W]; raises ValueError where there is none. size_px: the side of the
    renderer's pictures.
    """

    def __init__(self, landmarks: Callable[[Tensor], Tensor], framing: Framing = SOURCE, *, size_px: int = 512) -> None:
        self.landmarks, self.framing, self.size_px = landmarks, framing, size_px

    def __call__(self, picture: Tensor) -> Crop:
        """The crop round the face; raises ValueError."""
        points = self.landmarks(picture)
        check_width((points[:, 0].max() - points[:, 0].min()).item())
        return self.framing.crop(points, self.size_px)

    def near(self, picture: Tensor, last: Crop) -> Crop | None:
        """The crop of the face that was about there a moment ago; None where it is not."""
        around = Crop(last.x_px, last.y_px, ROOM * last.size_px)
        try:
            found = self(around.crop(picture, NEAR_PX))
        except ValueError:
            return None
        return around.of_cut(found, NEAR_PX)


def _axes(points: Tensor) -> tuple[Tensor, Tensor]:
    """Unit vectors [2] of a face's own right (the picture's, when upright) and down."""
    eyes, mouth = layout_of(points).middles(points)
    down = mouth - eyes
    length = down.norm()
    down = down / length if length > CLOSE_PX else down.new_tensor([0.0, 1.0])
    return torch.stack([down[1], -down[0]]), down
