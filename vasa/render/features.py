"""Fixed networks whose features say how alike two pictures look to people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn


class SqueezeFeatures(nn.Module):
    """ImageNet features of SqueezeNet 1.1: pictures [B, 3, H, W] in [0, 1] -> maps, fine to coarse.

    weights: a safetensors file with the keys of `torchvision.models.squeezenet1_1().features`; more keys are left out.
    taps: after which layers to listen. Frozen.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, *, weights: str, taps: Sequence[int] = (1, 4, 7)) -> None:
        super().__init__()
        from torchvision.models import squeezenet1_1

        if not Path(weights).is_file():
            raise ValueError(f"There is no file {weights} for the perceptual loss; name one, or train with loss=plain.")
        self.taps = tuple(taps)
        self.layers = squeezenet1_1(weights=None).features[: max(taps) + 1]
        self.layers.load_state_dict({k: v for k, v in load_file(weights).items() if k in self.layers.state_dict()})
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225])[:, None, None], persistent=False)
        self.requires_grad_(False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        x, heard = (picture - self.mean) / self.std, []
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number in self.taps:
                heard.append(x)
        return heard
