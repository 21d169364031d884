"""The block that the appearance and warping networks share."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from vasa.render.blocks import conv


def batch_norm(dims: int, channels: int) -> nn.Module:
    """Batch norm for planes or volumes."""
    return (nn.BatchNorm2d if dims == 2 else nn.BatchNorm3d)(channels)


class ConvNorm(nn.Module):
    """Convolution of 3, batch norm, leaky ReLU (slope 0: ReLU); [B, inside, ...] -> [B, outside, ...]."""

    def __init__(self, dims: int, inside: int, outside: int, *, slope: float = 0.0) -> None:
        super().__init__()
        self.conv, self.norm, self.slope = conv(dims, inside, outside), batch_norm(dims, outside), slope

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.norm(self.conv(x)), self.slope)
