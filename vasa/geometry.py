"""Axes, angles and sampling.

Picture: x to the right, y down, both in [-1, 1] across the crop ("crop units"). Volume: the same, z to the camera.
Head frame: x to the subject's left (picture right when the face looks at us), y up, z towards the camera; right-handed.
Rotation: R = Rz(roll) Ry(yaw) Rx(-pitch). yaw > 0 turns the face to picture right, pitch > 0 looks up,
roll > 0 tilts it counter-clockwise in the picture. A canonical point c is seen at exp(log scale) R c + (x, y, 0).
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

POSE = ("yaw", "pitch", "roll", "x", "y", "log_scale")


def rotation(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """Head-frame rotation Rz(roll) Ry(yaw) Rx(-pitch): angles [...] in radians -> [..., 3, 3]."""
    one, zero = torch.ones_like(yaw), torch.zeros_like(yaw)
    cy, sy, cp, sp, cr, sr = yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin(), roll.cos(), roll.sin()
    turn = _matrix((cy, zero, sy), (zero, one, zero), (-sy, zero, cy))
    nod = _matrix((one, zero, zero), (zero, cp, sp), (zero, -sp, cp))
    tilt = _matrix((cr, -sr, zero), (sr, cr, zero), (zero, zero, one))
    return tilt @ turn @ nod


def _matrix(*rows: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def angles(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Yaw, pitch, roll of a head-frame rotation [..., 3, 3]; inverse of `rotation` for |yaw| < pi/2."""
    yaw = torch.asin((-matrix[..., 2, 0]).clamp(-1, 1))
    pitch = torch.atan2(-matrix[..., 2, 1], matrix[..., 2, 2])
    roll = torch.atan2(matrix[..., 1, 0], matrix[..., 0, 0])
    return yaw, pitch, roll


def direction(yaw: Tensor, pitch: Tensor) -> Tensor:
    """Unit vector of a gaze or a face in the head frame of a frontal head: angles [...] -> [..., 3]."""
    return torch.stack([yaw.sin() * pitch.cos(), pitch.sin(), yaw.cos() * pitch.cos()], dim=-1)


def gaze_along(aim: Tensor) -> Tensor:
    """Yaw and pitch [..., 2] of unit vectors [..., 3]; inverse of `direction`."""
    x, y, z = aim.unbind(-1)
    return torch.stack([torch.atan2(x, z), torch.asin(y.clamp(-1, 1))], dim=-1)


def pose_matrix(pose: Tensor) -> Tensor:
    """Canonical to posed volume coordinates: pose [B, 6] -> affine [B, 3, 4] in volume axes (y down)."""
    flip = pose.new_tensor([1.0, -1.0, 1.0])
    turned = flip[:, None] * rotation(*pose[:, :3].unbind(-1)) * flip
    shift = torch.stack([pose[:, 3], pose[:, 4], torch.zeros_like(pose[:, 3])], dim=-1)
    return torch.cat([turned * pose[:, 5].exp()[:, None, None], shift[..., None]], dim=-1)


def invert(matrix: Tensor) -> Tensor:
    """Inverse of a scaled rotation with shift: [B, 3, 4] -> [B, 3, 4]."""
    linear, shift = matrix[..., :3], matrix[..., 3:]
    back = linear.mT / (linear.pow(2).sum(dim=(-2, -1), keepdim=True) / 3)  # every row is as long as the scale
    return torch.cat([back, -back @ shift], dim=-1)


def transform(matrix: Tensor, points: Tensor) -> Tensor:
    """Affine [B, 3, 4] on points [B, ..., 3]."""
    flat = points.flatten(1, -2)
    return (flat @ matrix[..., :3].mT + matrix[..., 3][:, None]).view_as(points)


def grid(depth: int, height: int, width: int, *, like: Tensor) -> Tensor:
    """Centres of a volume's cells: [D, H, W, 3] as x, y, z in [-1, 1], z rising towards the camera."""
    axes = [(torch.arange(n, device=like.device, dtype=like.dtype) + 0.5) * (2 / n) - 1 for n in (depth, height, width)]
    z, y, x = torch.meshgrid(*axes, indexing="ij")
    return torch.stack([x, y, z], dim=-1)


def sample_volume(volume: Tensor, where: Tensor) -> Tensor:
    """Trilinear look-up, zero outside: volume [B, C, D, H, W], places [B, d, h, w, 3] in [-1, 1] -> [B, C, d, h, w].

    In a program that is exported plain tensors take the place of `grid_sample`, which few run-times have in 3-D.
    """
    volume, where = _alike(volume, where)
    if torch.compiler.is_exporting():
        return gathered(volume, where)
    return F.grid_sample(volume, where, align_corners=False)


def _alike(values: Tensor, where: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the finer precision of the two: bfloat16 would put places of 512 pixels two pixels off."""
    common = torch.promote_types(values.dtype, where.dtype)
    return values.to(common), where.to(common)


def gathered(volume: Tensor, where: Tensor) -> Tensor:
    """What `sample_volume` gives, values and gradients: eight neighbours of every place and their weights."""
    depth, height, width = volume.shape[2:]
    cells = rearrange(F.pad(volume, (1, 1) * 3), "b c d h w -> (b d h w) c")  # a frame of zeros: all that is outside
    sizes = where.new_tensor([width, height, depth])
    at = rearrange(((where + 1) * sizes - 1) / 2, "b d h w i -> b d h w 1 i")  # x, y, z counted in cells
    low = at.detach().floor()
    corners = where.new_tensor([*itertools.product((0, 1), repeat=3)])
    shares = (1 - (at - low - corners).abs()).prod(dim=-1, keepdim=True)
    index = (low + corners + 1).clamp(min=0).minimum(sizes + 1).long()
    strides = index.new_tensor([1, width + 2, (width + 2) * (height + 2)])
    first = torch.arange(volume.shape[0], device=volume.device) * ((width + 2) * (height + 2) * (depth + 2))
    numbers = (index * strides).sum(dim=-1) + rearrange(first, "b -> b 1 1 1 1")
    return rearrange((cells[numbers] * shares).sum(dim=-2), "b d h w c -> b c d h w")


def sample_picture(picture: Tensor, where: Tensor) -> Tensor:
    """Bilinear look-up, edge repeated: picture [B, C, H, W], places [B, h, w, 2] in [-1, 1] -> [B, C, h, w]."""
    return F.grid_sample(*_alike(picture, where), align_corners=False, padding_mode="border")


def depth_to_channels(volume: Tensor) -> Tensor:
    """Orthographic projection's first half (MegaPortraits 2.2, P): [B, C, D, H, W] -> [B, C D, H, W]."""
    return rearrange(volume, "b c d h w -> b (c d) h w")
