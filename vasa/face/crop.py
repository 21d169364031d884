"""The square around a face that a renderer sees, and the way back into the whole picture.

A crop is a similarity transform. Crop units: [-1, 1] spans the square, x right, y down. Picture pixels: (0, 0) is the
corner of the picture, the centre of its first pixel lies at (0.5, 0.5). The crop that fits a face has its centre
half-way between eye level and mouth level, and three times the distance from the chin to the eyes as its side: then
the head has x = y = log scale = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from einops import pack, reduce, unpack
from torch import Tensor
from torch.nn import functional as F

COARSE = 12  # cells a side of what is left of a picture far outside it
_DENSE = 2  # picture pixels to a pixel of a crop, beyond which a picture is averaged before it is cut
RAMP, _SPILL = 0.15, 0.03  # crop units: within a side of the square it fades; so near beyond it a picture may end


@dataclass(frozen=True)
class Crop:
    """A square in a picture.

    x_px, y_px: its centre in picture pixels. size_px: its side. angle: by how much it is turned counter-clockwise as
    seen on the screen, in radians.
    """

    x_px: float
    y_px: float
    size_px: float
    angle: float = 0.0

    def __post_init__(self) -> None:
        if not (self.size_px > 0 and all(map(math.isfinite, (self.x_px, self.y_px, self.size_px, self.angle)))):
            raise ValueError(f"A crop has finite numbers and a side above 0 pixels; got {self}.")

    @staticmethod
    def around_face(eyes: Tensor, mouth: Tensor, chin: Tensor) -> Crop:
        """The upright crop that fits a face, from three points [2] in picture pixels: between the eyes, mouth, chin."""
        centre = (eyes + mouth) / 2
        return Crop(centre[0].item(), centre[1].item(), 3 * (chin - eyes).norm().item())

    def to_picture(self, points: Tensor) -> Tensor:
        """Crop units [..., 2] to picture pixels [..., 2]."""
        return points @ self._axes(points).mT * (self.size_px / 2) + self._centre(points)

    def to_crop(self, points: Tensor) -> Tensor:
        """Picture pixels [..., 2] to crop units [..., 2]."""
        return (points - self._centre(points)) @ self._axes(points) / (self.size_px / 2)

    def of_cut(self, found: Crop, size: int) -> Crop:
        """A crop of the picture that `crop` cut, `size` pixels a side, as a crop of the whole picture."""
        place = torch.tensor([found.x_px, found.y_px], dtype=torch.float64)
        x, y = self.to_picture(place * 2 / size - 1).tolist()
        return Crop(x, y, found.size_px * self.size_px / size, found.angle + self.angle)

    def enlarged(self, scale: float) -> Crop:
        """The same square in a picture that is so many times as large."""
        return Crop(self.x_px * scale, self.y_px * scale, self.size_px * scale, self.angle)

    def crop(self, picture: Tensor, size: int) -> Tensor:
        """Cut [..., 3, H, W] to [..., 3, size, size]; outside the picture its edge goes on, more and more blurred."""
        if (times := math.floor(self.size_px / (_DENSE * size))) > 1:  # a large photograph is averaged at once
            return self.enlarged(1 / times).crop(_averaged(picture, times), size)
        # Several samples a pixel, averaged, keep fine texture from aliasing when a large face becomes a small crop.
        samples = max(1, math.ceil(self.size_px / size - 1e-6))
        points = self.to_picture(centres(size * samples, size * samples, picture) * 2 / (size * samples) - 1)
        cut, outside = _sample(picture, points), self._outside(picture, points)
        if outside.any():
            cut = torch.lerp(cut, _blurred(picture, points), outside)
        return reduce(cut, "... c (h i) (w j) -> ... c h w", "mean", i=samples, j=samples)

    def uncrop(self, patch: Tensor, height: int, width: int) -> Tensor:
        """Put [..., 3, S, S] back to its place in a picture [..., 3, height, width]; outside, its edge goes on."""
        patches, leading = pack([patch], "* c h w")
        goal = max(1, round(self.size_px))
        if goal < patch.shape[-1]:
            patches = F.interpolate(patches, (goal, goal), mode="bilinear", antialias=True)
        elif goal > patch.shape[-1]:  # lines between pixels would blur it
            patches = F.interpolate(patches, (goal, goal), mode="bicubic").clamp(0, 1)
        units = self.to_crop(centres(height, width, patch))
        return unpack(_sample(patches, (units + 1) * patches.shape[-1] / 2), leading, "* c h w")[0]

    def mask(self, height: int, width: int, like: Tensor, ramps: Tensor | None = None) -> Tensor:
        """[height, width]: 1 well inside the square, 0 outside, a smooth ramp between.

        ramps: how wide at the right, lower, left and upper side, crop units [4]; 0 leaves one out, and what is beyond
        it is 1. `RAMP` at all unless told.
        """
        units = self.to_crop(centres(height, width, like))
        room = torch.cat([1 - units, 1 + units], dim=-1)
        wide = room.new_full((4,), RAMP) if ramps is None else ramps.to(room)
        share = torch.where(wide > 0, room / wide.clamp_min(1e-6), 1).amin(-1).clamp(0, 1)
        return share * share * (3 - 2 * share)

    def ramps(self, height: int, width: int, upper: float = RAMP) -> Tensor:
        """How wide a picture blends into the square at its right, lower, left and upper side, crop units [4]: nothing
        where it ends there."""
        beyond = (1 + _SPILL) * torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        places = self.to_picture(beyond)
        goes_on = ((places >= 0) & (places <= places.new_tensor([width, height]))).all(-1)
        return goes_on * torch.tensor([RAMP, RAMP, RAMP, upper])

    def lay(self, pictures: Tensor, patch: Tensor, upper: float = RAMP) -> None:
        """Lay patches [..., 3, S, S] over their place in pictures [..., 3, H, W], without a seam; in place. upper: crop
        units over which they blend at the upper side."""
        whole = (pictures.shape[-2], pictures.shape[-1])
        left, top, right, bottom = self._bounds(*whole)
        part, size = pictures[..., top:bottom, left:right], (bottom - top, right - left)
        moved = Crop(self.x_px - left, self.y_px - top, self.size_px, self.angle)
        part.lerp_(moved.uncrop(patch, *size), moved.mask(*size, part, self.ramps(*whole, upper)))

    def _bounds(self, height: int, width: int) -> tuple[int, int, int, int]:
        """The smallest rectangle of whole pixels that holds the square: left, top, right, bottom."""
        corners = self.to_picture(torch.tensor([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]))
        low, high = corners.amin(0).floor(), corners.amax(0).ceil()
        left, right = (int(v) for v in torch.stack([low[0], high[0]]).clamp(0, width))
        top, bottom = (int(v) for v in torch.stack([low[1], high[1]]).clamp(0, height))
        if left >= right or top >= bottom:
            raise ValueError(f"{self} lies outside the picture of {width} x {height} pixels.")
        return left, top, right, bottom

    def _outside(self, picture: Tensor, points: Tensor) -> Tensor:
        """[h, w]: 0 in the picture, rising to 1 at a tenth of the crop's side away from it."""
        beyond = points - points.clamp(points.new_zeros(2), points.new_tensor(picture.shape[:-3:-1]))
        return (beyond.norm(dim=-1) / (0.1 * self.size_px)).clamp(0, 1)

    def _axes(self, like: Tensor) -> Tensor:
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return like.new_tensor([[cos, sin], [-sin, cos]])

    def _centre(self, like: Tensor) -> Tensor:
        return like.new_tensor([self.x_px, self.y_px])


def _averaged(picture: Tensor, times: int) -> Tensor:
    """[..., 3, H, W] with the mean of `times` pixels to each side in place of each."""
    pictures, leading = pack([picture], "* c h w")
    return unpack(F.avg_pool2d(pictures, times, ceil_mode=True), leading, "* c h w")[0]


def centres(height: int, width: int, like: Tensor) -> Tensor:
    """[height, width, 2]: x and y of the centres of pixels."""
    y = torch.arange(height, dtype=like.dtype, device=like.device) + 0.5
    x = torch.arange(width, dtype=like.dtype, device=like.device) + 0.5
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)


def _sample(picture: Tensor, points: Tensor) -> Tensor:
    """[..., C, H, W] at pixel places [h, w, 2]: [..., C, h, w]."""
    height, width = picture.shape[-2:]
    grid = points * 2 / points.new_tensor([width, height]) - 1
    channels, leading = pack([picture], "* h w")  # all channels of all pictures share the grid
    seen = F.grid_sample(channels[None], grid[None], mode="bilinear", padding_mode="border", align_corners=False)
    return unpack(seen[0], leading, "* h w")[0]


def _blurred(picture: Tensor, points: Tensor) -> Tensor:
    """The same as `_sample`, of a picture of which only the coarse colours are left."""
    pictures, leading = pack([picture], "* c h w")
    coarse = F.interpolate(pictures, (COARSE, COARSE), mode="bilinear", antialias=True)
    scale = points.new_tensor([COARSE / picture.shape[-1], COARSE / picture.shape[-2]])
    return unpack(_sample(coarse, points * scale), leading, "* c h w")[0]
