"""The ResNets of the encoders, from timm, with GroupNorm in place of BatchNorm (MegaPortraits, A.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from torch import nn

from vasa.render.blocks import groups


class _Norm(nn.GroupNorm):
    """GroupNorm by channels alone, the way timm asks for a norm."""

    def __init__(self, channels: int, device: torch.device | None = None, dtype: torch.dtype | None = None) -> None:
        super().__init__(groups(channels), channels, device=device, dtype=dtype)


def trunk(layers: Sequence[int], widths: Sequence[int], outputs: int, *, bottleneck: bool = False) -> nn.Module:
    """A ResNet [B, 3, H, W] -> [B, outputs]; layers (2, 2, 2, 2) of widths 64..512 make ResNet-18."""
    block: Any = Bottleneck if bottleneck else BasicBlock
    return ResNet(
        block, tuple(layers), num_classes=outputs, channels=tuple(widths), stem_width=widths[0], norm_layer=_Norm
    )
