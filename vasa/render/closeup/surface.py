"""The surface that canonical faces share, and the patch of it from brows to chin.

z = h(x, y), a polynomial that is even in x, fitted to the mean landmarks of 60 virtual people: 0.02 canonical units off
in the mean and 0.05 at most but for the tip of the nose. A face that is seen at nearly the pose that it is shown in
hardly depends on it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from vasa.geometry import invert, pose_matrix, sample_picture, transform

MIDDLE_Y, HALF = 0.06, (0.455, 0.52)  # canonical: the patch's middle y, and how far it goes to the sides, up and down
CHEEKS_Y, JAW = 0.1, 0.6  # below this y the face narrows, to this share of its width at the lower edge
EDGE = 0.2  # share of the way from the middle to the edge over which the patch fades
_LOWER_EDGE = 0.1  # canonical: over which it fades where it is cut off below
_NEAR = 0.01  # canonical: so near to the surface a place is on it
_WHOLLY = 0.999  # of the places that one between them is laid out from, seen
_CELL = 4  # pixels of a picture between which the patch is laid out by lines


def height(x: Tensor, y: Tensor) -> Tensor:
    """z of the surface at canonical x and y."""
    return 0.553 + y * (0.253 + y * (0.039 - 1.5 * y)) - x**2 * (1.871 + 4.751 * y + 4.094 * x**2)


def _slopes(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Its derivatives by x and by y."""
    by_y = 0.253 + y * (0.078 - 4.5 * y) - 4.751 * x**2
    return -2 * x * (1.871 + 4.751 * y + 8.188 * x**2), by_y


def places(rows: int, columns: int, like: Tensor) -> Tensor:
    """Canonical x and y of every pixel of the patch: [rows, columns, 2]."""
    down, across = (torch.arange(n, device=like.device) + 0.5 for n in (rows, columns))
    y, x = torch.meshgrid(
        MIDDLE_Y + HALF[1] * (down * (2 / rows) - 1), HALF[0] * (across * (2 / columns) - 1), indexing="ij"
    )
    return torch.stack([x, y], dim=-1)


def on_picture(at: Tensor, pose: Tensor) -> Tensor:
    """Where pictures of faces in poses [B, 6] show canonical places [B, h, w, 2] of the surface: [B, h, w, 2]."""
    x, y = at.unbind(-1)
    return transform(pose_matrix(pose), torch.stack([x, y, height(x, y)], dim=-1))[..., :2]


def on_patch(pose: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """What of the surface every pixel of pictures shows: pose [B, 6] -> canonical places [B, size, size, 2] and how far
    it faces the camera there, [B, size, size], 1 straight on and 0 where it turns away or nothing of it is seen.

    A pixel at (u, v) and depth w shows A^-1 (u, v, w), which lies on the surface where p_z = h(p_x, p_y): Newton's
    method, from the plane through the middle of the face. It is solved on a coarser grid, and smooth between.
    """
    side = max(2, size // _CELL)
    axis = ((torch.arange(side, device=pose.device) + 0.5) * (2 / side) - 1).to(pose)
    v, u = torch.meshgrid(axis, axis, indexing="ij")
    back = rearrange(invert(pose_matrix(pose)), "b i j -> i j b 1 1")
    flat = [back[i, 0] * u + back[i, 1] * v + back[i, 3] for i in range(3)]  # the canonical point at depth 0
    depth = (0.5 - flat[2]) / back[2, 2]
    for _ in range(6):
        x, y, z = (flat[i] + depth * back[i, 2] for i in range(3))
        off, slope, _ = _off(x.clamp(-0.6, 0.6), y.clamp(-0.7, 0.8), z, back)  # beyond the face the surface falls away
        depth = depth - off / slope.clamp_min(0.2)
    x, y, z = (flat[i] + depth * back[i, 2] for i in range(3))
    off, _, facing = _off(x, y, z, back)
    seen = (off.abs() < _NEAR) & (x.abs() < 0.6) & ((y - MIDDLE_Y).abs() < 0.7)
    found = torch.stack([x.clamp(-0.6, 0.6), y.clamp(-0.7, 0.8), facing.clamp_min(0) * seen, seen.to(x)], dim=1)
    found = F.interpolate(found, size=(size, size), mode="bilinear", align_corners=False)
    wholly = found[:, 3] > _WHOLLY  # between a place that is seen and one that is not there are none
    return rearrange(found[:, :2], "b i h w -> b h w i"), found[:, 2] * wholly


def _off(x: Tensor, y: Tensor, z: Tensor, back: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How far points are before the surface, how that grows with depth, and the cosine to the camera's direction."""
    by_x, by_y = _slopes(x, y)
    slope = back[2, 2] - by_x * back[0, 2] - by_y * back[1, 2]
    return z - height(x, y), slope, slope / (back[:, 2].norm(dim=0) * (1 + by_x**2 + by_y**2).sqrt())


def share(at: Tensor, facing: Tensor | None = None, *, lowest: float = 1.0) -> Tensor:
    """How much of a picture is the patch at canonical places [..., 2]: 1 on the face, 0 at its edges and beyond.

    facing: how far the surface faces the camera there, [...]; it fades where it turns away. lowest: canonical y below
    which there is nothing of it.
    """
    x, y = at.unbind(-1)
    down = (y - MIDDLE_Y) / HALF[1]
    below = ((y - CHEEKS_Y) / (MIDDLE_Y + HALF[1] - CHEEKS_Y)).clamp(0, 1)
    across = x / (HALF[0] * (1 - (1 - JAW) * below))
    inside = ((1 - (across**4 + down**4).clamp(1e-8, 4.0) ** 0.25) / EDGE).clamp(0, 1)
    found = _smooth(inside) * _smooth(((lowest - y) / _LOWER_EDGE).clamp(0, 1))
    return found if facing is None else found * _smooth(((facing - 0.05) / 0.2).clamp(0, 1))


def _smooth(x: Tensor) -> Tensor:
    """From 0 to 1 without a corner."""
    return x**2 * (3 - 2 * x)


def on_square(at: Tensor) -> Tensor:
    """Canonical places [..., 2] as places of the patch, from -1 to 1 between its edges."""
    return (at - at.new_tensor([0.0, MIDDLE_Y])) / at.new_tensor(HALF)


def read(maps: Tensor, at: Tensor) -> Tensor:
    """Maps of the patch [B, C, rows, columns] at canonical places [B, h, w, 2]: [B, C, h, w]."""
    return sample_picture(maps, on_square(at))
