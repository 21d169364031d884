"""What the motion encoder sees of a driver: the expression stays, the person goes (MegaPortraits 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from kornia.color import rgb_to_grayscale
from kornia.enhance import adjust_brightness, adjust_contrast, adjust_hue, adjust_saturation
from kornia.geometry.transform import get_tps_transform, warp_points_tps
from torch import Tensor

from vasa.geometry import sample_picture

_CELLS = 24


class DriverAugmentation:
    """Centre crop, thin-plate-spline warp and strong colour jitter, about the face and in its own axes.

    The paper names the three and no sizes: all numbers are our choice. Labels stay true: the crop blanks what lies
    further than `reach` canonical units from the face's centre and moves nothing; the warp bends only what dynamics are
    read from, by a pose known without it, since a bent face looks turned; the labels of expression mean the same on
    any face, and a bent face is another face (bends of 0.04 on 5 x 5 points made calm faces frown; ours are half that).
    What is measured in lengths (lip opening) errs by about `bend`.

    bend: standard deviation of the warp's points in canonical units, on a grid of `points` x `points` over the face.
    hue (in turns), saturation, contrast, brightness: largest changes. grey: share of rows that lose their colours.
    """

    def __init__(
        self, *, reach: float = 0.75, bend: float = 0.02, points: int = 4, hue: float = 0.1, saturation: float = 0.6,
        contrast: float = 0.4, brightness: float = 0.2, grey: float = 0.05,
    ) -> None:  # fmt: skip
        self.reach, self.bend, self.points = reach, bend, points
        self.hue, self.saturation, self.contrast, self.brightness = hue, saturation, contrast, brightness
        self.grey = grey

    def __call__(self, picture: Tensor, pose: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """[B, 3, H, W] in [0, 1] of faces at pose [B, 6] -> cropped and recoloured, and that bent too."""
        with torch.no_grad():
            seen = self.cropped(self.recoloured(picture, random), pose, random)
            return seen, self.bent(seen, pose, random)

    def recoloured(self, picture: Tensor, random: torch.Generator) -> Tensor:
        """Hue, saturation, contrast and brightness changed, each row by its own amounts; some rows grey."""
        rows = len(picture)
        hue, saturation, contrast, brightness = torch.rand(4, rows, generator=random).to(picture) * 2 - 1
        x = adjust_hue(picture, hue * self.hue * 2 * torch.pi)
        x = adjust_saturation(x, 1 + saturation * self.saturation)
        x = adjust_contrast(x, 1 + contrast * self.contrast)
        x = adjust_brightness(x, brightness * self.brightness)
        grey = (torch.rand(rows, generator=random) < self.grey).to(picture.device)
        return torch.where(grey[:, None, None, None], rgb_to_grayscale(x), x)

    def cropped(self, picture: Tensor, pose: Tensor, random: torch.Generator) -> Tensor:
        """Outside a square about the face, one colour a row."""
        size = picture.shape[-1]
        axis = (torch.arange(size, device=picture.device) + 0.5) * (2 / size) - 1
        far = self.reach * pose[:, 5].exp()[:, None]
        inside_x, inside_y = ((axis - pose[:, n : n + 1]).abs() < far for n in (3, 4))
        inside = rearrange(inside_y, "b h -> b 1 h 1") & rearrange(inside_x, "b w -> b 1 1 w")
        colour = torch.rand(len(picture), 3, 1, 1, generator=random).to(picture)
        return torch.where(inside, picture, colour)

    def bent(self, picture: Tensor, pose: Tensor, random: torch.Generator) -> Tensor:
        """Thin-plate spline through points on the face that each move a little."""
        points = on_face(self.points, self.reach, pose).to(picture)
        by = torch.randn(len(picture), self.points**2, 2, generator=random).to(picture) * self.bend
        moved = points + by * pose[:, 5].exp()[:, None, None].to(picture)
        with torch.autocast(picture.device.type, enabled=False):
            kernel, affine = get_tps_transform(moved, points)
            coarse = rearrange(_grid(picture.shape[-1], picture), "h w xy -> 1 (h w) xy").expand(len(picture), -1, -1)
            where = rearrange(warp_points_tps(coarse, points, kernel, affine), "b (h w) xy -> b xy h w", h=_CELLS)
            where = F.interpolate(where, size=picture.shape[-2:], mode="bilinear", align_corners=True)
            return sample_picture(picture, rearrange(where, "b xy h w -> b h w xy"))


def _grid(size: int, like: Tensor) -> Tensor:
    """So few places [h, w, 2] from the first pixel to the last: a spline is smooth, and dear at every pixel."""
    axis = torch.linspace(1 / size - 1, 1 - 1 / size, _CELLS, device=like.device)
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)


def on_face(points: int, reach: float, pose: Tensor) -> Tensor:
    """A grid that turns, shifts and grows with the face: pose [B, 6] -> [B, points^2, 2] in crop units."""
    axis = torch.linspace(-reach, reach, points, device=pose.device)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    cos, sin = pose[:, 2].cos()[:, None, None], pose[:, 2].sin()[:, None, None]
    turned = torch.stack([cos * x + sin * y, cos * y - sin * x], dim=-1)  # roll counter-clockwise, y down
    where = turned * pose[:, 5].exp()[:, None, None, None] + pose[:, None, None, 3:5]
    return rearrange(where, "b h w i -> b (h w) i")
