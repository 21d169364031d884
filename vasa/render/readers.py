"""The face reader as a judge of pictures: a fixed network for losses where no published one is at hand."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa import checkpoint
from vasa.face.points import WHOLE_MOUTH
from vasa.face.reader_detector import SHIPPED


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


class ReaderFace(_Reads):
    """Pictures [B, 3, H, W] in [0, 1] -> what eyes and mouth do, each over about what is usual in speech: gaze [B, 2],
    blinks [B, 2], lip opening [B, 1], and the mouth's 20 points about their mean [B, 40]. Gaze counts more than twice:
    it is the least of them in a picture."""

    def forward(self, picture: Tensor) -> list[Tensor]:
        estimate = self.reader.estimate(picture)
        mouth = estimate.landmarks[:, WHOLE_MOUTH]
        shape = rearrange(mouth - mouth.mean(1, keepdim=True), "b k xy -> b (k xy)")
        return [estimate.gaze / 0.06, estimate.blink / 0.25, estimate.lip_opening[:, None] / 0.1, shape / 0.05]


class ReaderIdentity(_Reads):
    """Pictures [B, 3, H, W] in [0, 1] -> embedding [B, I] of unit length."""

    def forward(self, picture: Tensor) -> Tensor:
        return F.normalize(self.reader.estimate(picture).identity, dim=-1)
