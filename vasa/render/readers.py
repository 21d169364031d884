"""The face reader as a judge of pictures: a fixed network for losses where no published one is at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from vasa import checkpoint

SHIPPED = Path(__file__).parents[1] / "weights" / "reader"


class _Reads(nn.Module):
    """reader: a checkpoint folder of `vasa.face.reader.FaceReader`; the one that ships where None is named."""

    reader: Any

    def __init__(self, *, reader: str | None = None) -> None:
        super().__init__()
        self.reader = checkpoint.load(reader or SHIPPED)


class ReaderFeatures(_Reads):
    """Pictures [B, 3, H, W] in [0, 1] -> the backbone's maps [B, C, h, w], fine to coarse."""

    def forward(self, picture: Tensor) -> list[Tensor]:
        maps: list[Tensor] = self.reader.features(picture)
        return maps


class ReaderEyes(_Reads):
    """Pictures [B, 3, H, W] in [0, 1] -> gaze [B, 2] in radians and blink [B, 2], before it is held to [0, 1]."""

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        estimate = self.reader.estimate(picture)
        return estimate.gaze, estimate.blink


class ReaderIdentity(_Reads):
    """Pictures [B, 3, H, W] in [0, 1] -> embedding [B, I] of unit length."""

    def forward(self, picture: Tensor) -> Tensor:
        return F.normalize(self.reader.estimate(picture).identity, dim=-1)
