"""What a face does: its head pose and its facial dynamics (VASA-1, 3.1: z_pose and z_dyn)."""

from __future__ import annotations

from collections.abc import Sequence

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
    about its centre (author code: aligned and zoomed 2x), so that little of the pose is left to be seen.
    """

    def __init__(
        self, *, layers: Sequence[int], widths: Sequence[int], dim: int, size: int, reach: float = 0.83
    ) -> None:
        super().__init__()
        self.size, self.reach = size, reach
        self.trunk = trunk(layers, widths, dim)

    def forward(self, picture: Tensor, pose: Tensor) -> Tensor:
        said: Tensor = self.trunk(aligned(picture, pose, size=self.size, reach=self.reach) * 2 - 1)
        return said

    @property
    def last(self) -> nn.Linear:
        """The layer that says them."""
        layer = self.trunk.get_submodule("fc")
        assert isinstance(layer, nn.Linear)
        return layer


def aligned(
    picture: Tensor, pose: Tensor, *, size: int, reach: float, centre: tuple[float, float] = (0.0, 0.0)
) -> Tensor:
    """The face upright in the middle, roll, shift and scale undone: [B, 3, H, W] -> [B, 3, size, size].

    reach: canonical units from the middle to the edges; centre: canonical x, y of the middle, on a head that looks
    ahead.
    """
    axis = (torch.arange(size, device=pose.device, dtype=pose.dtype) + 0.5) * (2 * reach / size) - reach
    y, x = torch.meshgrid(axis + centre[1], axis + centre[0], indexing="ij")
    cos, sin = pose[:, 2].cos()[:, None, None], pose[:, 2].sin()[:, None, None]
    turned = torch.stack([cos * x + sin * y, cos * y - sin * x], dim=-1)  # roll counter-clockwise, y down
    where = turned * pose[:, 5].exp()[:, None, None, None] + pose[:, None, None, 3:5]
    return sample_picture(picture, where)
