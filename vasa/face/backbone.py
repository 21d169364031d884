"""The convolutional network under the face reader, any of timm's that gives feature maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import timm
from torch import Tensor, nn


class Backbone(nn.Module):
    """Feature maps of one of timm's networks, without its published weights: they come from a checkpoint.

    name: as `timm.create_model` takes it; options: its own keywords, such as {channels: [32, 64, 128, 256]} of a
    ResNet. Raises ValueError where timm has no such network.
    """

    network: Any  # one of timm's wrappers that give feature maps

    def __init__(self, *, name: str, options: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        if not timm.is_model(name):
            near = ", ".join(timm.list_models(f"*{name[:6]}*")[:5]) or "resnet18"
            raise ValueError(f"timm has no network named {name!r}; it has {near} and many more.")
        self.network = timm.create_model(name, pretrained=False, features_only=True, **dict(options or {}))

    @property
    def channels(self) -> list[int]:
        """Channels of every map, fine to coarse."""
        channels: list[int] = self.network.feature_info.channels()
        return channels

    @property
    def strides(self) -> list[int]:
        """Pixels of the picture to a cell of every map."""
        strides: list[int] = self.network.feature_info.reduction()
        return strides

    def forward(self, picture: Tensor) -> list[Tensor]:
        """[B, 3, H, W] -> maps [B, C, h, w], fine to coarse."""
        maps: list[Tensor] = self.network(picture)
        return maps
