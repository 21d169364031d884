"""Gaze by L2CS-Net (A. Abdelrahman et al., 2022): a ResNet whose two heads choose among 90 bins of 4 degrees.

Code and weights: github.com/Ahmednull/L2CS-Net, MIT; its weights were trained on Gaze360, for research only.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Self

import timm
import torch
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor, nn

from vasa import checkpoint
from vasa.face.public.files import cut, normalised, told, weights

TITLE, LICENCE = "L2CS-Net (gaze)", "MIT for the code; weights trained on Gaze360, which is for research only"
BINS, BIN_DEGREES, LOWEST_DEGREES = 90, 4.0, -180.0
HALF, BELOW = 0.55, -0.05  # of a face detector's box, in crop units
UNUSED = "fc_finetune."  # a layer that the published files carry and no forward uses


class L2CSGaze(nn.Module):
    """A `vasa.face.protocol.GazeReader`. trunk: name of timm's ResNet; image_size: pixels a side that it looks at.

    The published heads have each other's names and count yaw to the picture's left: what fc_yaw_gaze says moves an
    arrow sideways in their demonstration, and is called pitch there.
    """

    trunk: Any  # one of timm's networks

    def __init__(self, *, trunk: str = "resnet50", image_size: int = 448) -> None:
        super().__init__()
        self.trunk, self.image_size = timm.create_model(trunk, pretrained=False, num_classes=0), image_size
        self.fc_yaw_gaze, self.fc_pitch_gaze = (nn.Linear(self.trunk.num_features, BINS) for _ in range(2))

    @classmethod
    def from_pretrained(cls, source: Path | str, *, trunk: str = "resnet50", image_size: int = 448) -> Self:
        """The published weights: a file (L2CSNet_gaze360.pkl), a folder or a hub id; raises ValueError."""
        told(TITLE, LICENCE)
        model, found = cls(trunk=trunk, image_size=image_size), weights(source, title=TITLE)
        own = {_own(name): value for name, value in found.items() if not name.startswith(UNUSED)}
        checkpoint.fill(model, own, source)
        return model.eval()

    def gaze_of(self, picture: Tensor) -> Tensor:
        """[B, 3, H, H] framed as a crop -> [B, 2] yaw, pitch in radians."""
        near = cut(picture, size=self.image_size, half=HALF, below=BELOW)
        seen = self.trunk(normalised(near, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD))
        return torch.stack([-expected(self.fc_yaw_gaze(seen)), expected(self.fc_pitch_gaze(seen))], dim=-1)


def expected(logits: Tensor) -> Tensor:
    """The expected angle [B] in radians of logits [B, 90] (section 3.2: softmax expectation over bins)."""
    degrees = torch.arange(BINS, device=logits.device, dtype=logits.dtype) * BIN_DEGREES + LOWEST_DEGREES
    return (logits.softmax(-1) * degrees).sum(-1) * (math.pi / 180)


def _own(name: str) -> str:
    """torchvision's names of a ResNet, which the published files have, are timm's too."""
    return name if name.startswith("fc_") else f"trunk.{name}"
