"""W: the volume of the source, moved to where the driving key points want it, seen from the front."""

from __future__ import annotations

from torch import Tensor, nn

from vasa.geometry import depth_to_channels, sample_volume
from vasa.render.blocks import conv
from vasa.render.liveportrait.blocks import ConvNorm
from vasa.render.liveportrait.dense_motion import DenseMotion


class Warping(nn.Module):
    """Volume [B, C, D, H, W], key points [B, 21, 3] of source and driving -> features [B, width, H, W].

    volume, depth: C and D. dense: finds the flow.
    """

    def __init__(self, *, volume: int, depth: int, width: int, dense: DenseMotion) -> None:
        super().__init__()
        self.dense = dense
        self.third, self.fourth = ConvNorm(2, volume * depth, width, slope=0.01), conv(2, width, width, 1)

    def forward(self, volume: Tensor, source: Tensor, driving: Tensor) -> Tensor:
        flow = self.dense(volume, source, driving)
        moved = depth_to_channels(sample_volume(volume.float(), flow.where))
        return self.fourth(self.third(moved)) * flow.occlusion
