"""What a face does: its head pose and its facial dynamics (VASA-1, 3.1: z_pose and z_dyn)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vasa.geometry import sample_picture
from vasa.render.trunk import trunk


class Pose(nn.Module):
    """Picture [B, 3, H, W] -> head pose [B, 6]; the paper's network is a pre-trained ResNet-18.

    Outputs are scaled so that a freshly made network answers within a talking head's range.
    """

    def __init__(self, *, layers: Sequence[int], widths: Sequence[int], size: int) -> None:
        super().__init__()
        self.size = size
        self.trunk = trunk(layers, widths, 6)

    def forward(self, picture: Tensor) -> Tensor:
        small = F.interpolate(picture, size=(self.size, self.size), mode="bilinear", antialias=True)
        return 0.3 * self.trunk(small * 2 - 1)


class Dynamics(nn.Module):
    """Picture [B, 3, H, W] seen at a head pose [B, 6] -> facial dynamics [B, dim].

    The face is first brought upright, centred and to one size by the pose, then zoomed to `reach` canonical units
    about its centre (author code: aligned and zoomed 2x), so that little of the pose is left to be seen. eyes: the
    keywords of a second look (`Eyes`), whose answer is added; ours, because a gaze is a few pixels of a face.
    """

    def __init__(
        self, *, layers: Sequence[int], widths: Sequence[int], dim: int, size: int, reach: float = 0.83,
        eyes: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.size, self.reach = size, reach
        self.trunk = trunk(layers, widths, dim)
        self.eyes = Eyes(dim=dim, **eyes) if eyes else None

    def forward(self, picture: Tensor, pose: Tensor) -> Tensor:
        whole = self.trunk(aligned(picture, pose, size=self.size, reach=self.reach) * 2 - 1)
        return whole if self.eyes is None else whole + self.eyes(picture, pose)


class Eyes(nn.Module):
    """The band of the eyes, `size` pixels wide and `rows` high -> what it adds to the dynamics [B, dim], at first 0."""

    REACH, CENTRE = 0.45, (0.0, -0.2)  # canonical units

    def __init__(self, *, layers: Sequence[int], widths: Sequence[int], dim: int, size: int, rows: int) -> None:
        super().__init__()
        self.size, self.rows = size, rows
        self.trunk = trunk(layers, widths, widths[-1])
        self.out = nn.Linear(widths[-1], dim)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, picture: Tensor, pose: Tensor) -> Tensor:
        band = aligned(picture, pose, size=self.size, rows=self.rows, reach=self.REACH, centre=self.CENTRE)
        return self.out(self.trunk(band * 2 - 1))


def aligned(
    picture: Tensor, pose: Tensor, *, size: int, reach: float, centre: tuple[float, float] = (0.0, 0.0),
    rows: int | None = None,
) -> Tensor:  # fmt: skip
    """The face upright in the middle, roll, shift and scale undone: [B, 3, H, W] -> [B, 3, rows, size].

    reach: canonical units from the middle to the left and right edge; rows: as many as columns unless told; centre:
    canonical x, y of the middle, on a head that looks ahead.
    """
    across, down = (_axis(n, 2 * reach / size, pose) for n in (size, size if rows is None else rows))
    y, x = torch.meshgrid(down + centre[1], across + centre[0], indexing="ij")
    cos, sin = pose[:, 2].cos()[:, None, None], pose[:, 2].sin()[:, None, None]
    turned = torch.stack([cos * x + sin * y, cos * y - sin * x], dim=-1)  # roll counter-clockwise, y down
    where = turned * pose[:, 5].exp()[:, None, None, None] + pose[:, None, None, 3:5]
    return sample_picture(picture, where)


def _axis(count: int, step: float, like: Tensor) -> Tensor:
    """Middles of so many cells about 0."""
    return (torch.arange(count, device=like.device, dtype=like.dtype) + 0.5) * step - count * step / 2
