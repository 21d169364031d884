"""Residual blocks whose modulation belongs to a face (MegaPortraits, student: SPADE with tensors of each avatar)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from vasa.render.blocks import conv


class SpadeBlock(nn.Module):
    """[B, inside, h, w] with scale and shift [B, 2, outside, s, s], enlarged bilinearly -> [B, outside, h, w]."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.conv_in, self.conv_out = (conv(2, width, outside, bias=False) for width in (inside, outside))
        self.skip = nn.Identity() if inside == outside else conv(2, inside, outside, 1, bias=False)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        h = F.instance_norm(self.conv_in(F.relu(F.instance_norm(x))))
        scale, shift = (
            F.interpolate(part.to(h.dtype), size=h.shape[-2:], mode="bilinear", align_corners=False)
            for part in modulation.unbind(1)
        )
        return self.conv_out(F.relu(h * (1 + scale) + shift)) + self.skip(x)
