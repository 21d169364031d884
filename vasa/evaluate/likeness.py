"""Whether what is shown looks like the truth to a network, and like the person it should be to a face reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from einops import reduce
from torch import Tensor, nn

from vasa.evaluate.judges import AT_ONCE
from vasa.evaluate.pictures import MeanOverPictures, masked_mean
from vasa.face.reading import FaceReading

Features = Callable[[Tensor], Sequence[Tensor]]  # pictures [B, 3, H, W] in [0, 1] -> maps [B, C, h, w]


class Reads(Protocol):
    """Reads faces off frames, as `vasa.evaluate.probe.Probe` does."""

    def read(self, frames: Tensor) -> FaceReading:
        """Frames [T, 3, H, H] in [0, 1]."""
        ...


class Perceptual(MeanOverPictures):
    """Distance of pictures as features see them: of each, then averaged; equal pictures are 0 apart.

    LPIPS (Zhang et al. 2018, eq. 1) with all weights 1: features are of unit length in every place, their squared
    differences are averaged over places and added over maps. It compares with itself alone, not with published LPIPS.
    """

    higher_is_better = False

    def __init__(self, features: Features) -> None:
        super().__init__()
        self.features = features

    @torch.no_grad()
    def each(self, shown: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
        pieces = zip(*(some.split(AT_ONCE) for some in (shown, truth, mask)), strict=True)
        return torch.cat([self._apart(*piece) for piece in pieces])

    def _apart(self, shown: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
        rows = []
        for one, other in zip(self.features(shown), self.features(truth), strict=True):
            apart = (F.normalize(one.float()) - F.normalize(other.float())).square()
            weight = F.interpolate(mask.float(), apart.shape[-2:], mode="area")
            rows.append(masked_mean(reduce(apart, "n c h w -> n 1 h w", "sum").cpu(), weight))
        return torch.stack(rows).sum(0)


@dataclass(frozen=True)
class Likeness:
    """Who tells how alike pictures look: features for any pictures, a reader for faces; name says who they are."""

    features: Features
    reader: Reads
    name: str

    def distance(self, shown: Tensor, truth: Tensor, mask: Tensor | None = None) -> float:
        """Of pictures [T, 3, H, W] that should be equal, see `Perceptual`."""
        metric = Perceptual(self.features)
        metric.update(shown, truth, mask)
        return float(metric.compute())

    def identity(self, shown: Tensor, portrait: Tensor) -> float:
        """Mean cosine of the people in frames [T, 3, H, H] with the one in a picture [3, H, H]."""
        whole = self.reader.read(torch.cat([portrait[None], shown])).identity
        return float((whole[1:] @ whole[0]).mean())


def on_device(features: nn.Module, device: torch.device) -> Features:
    """The same features, computed there."""
    moved = features.to(device)
    return lambda pictures: moved(pictures.to(device))
