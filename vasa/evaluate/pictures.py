"""How near shown pictures come to true ones, over the whole picture or a part of it."""

from __future__ import annotations

from abc import abstractmethod

import torch
import torch.nn.functional as F
from einops import reduce
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.functional.image import structural_similarity_index_measure


class MeanOverPictures(Metric):
    """Averages one number a picture, weighted inside each picture by a mask."""

    full_state_update = False
    higher_is_better = True
    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, shown: Tensor, truth: Tensor, mask: Tensor | None = None) -> None:
        """Pictures [N, 3, H, W] in [0, 1]; mask [N, 1, H, W]: how much each place counts, default all."""
        mask = torch.ones_like(truth[:, :1]) if mask is None else mask
        worth = self.each(shown, truth, mask)[reduce(mask, "n 1 h w -> n", "sum") > 0]
        self.total += worth.sum()
        self.count += len(worth)

    def compute(self) -> Tensor:
        """The mean over all pictures that have anything in their mask."""
        return self.total / self.count

    @abstractmethod
    def each(self, shown: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
        """One number a picture: [N]."""


class PSNR(MeanOverPictures):
    """Peak signal to noise ratio in dB, of each picture, then averaged; equal pictures count as 100 dB."""

    def each(self, shown: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
        error = masked_mean((shown - truth).square(), mask)
        return -10 * error.clamp_min(1e-10).log10()


class SSIM(MeanOverPictures):
    """Structural similarity (Wang et al. 2004), of each picture, then averaged."""

    def each(self, shown: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
        _, similarity = structural_similarity_index_measure(
            shown, truth, data_range=1.0, reduction="none", return_full_image=True
        )
        return masked_mean(similarity, mask)


def sharpness(frames: Tensor) -> Tensor:
    """How much fine detail pictures [T, 3, H, W] have: mean absolute Laplacian of their grey, [T]."""
    grey = reduce(frames.float(), "t c h w -> t 1 h w", "mean")
    kernel = grey.new_tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])[None, None]
    return reduce(F.conv2d(grey, kernel).abs(), "t 1 h w -> t", "mean")


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of [N, C, H, W] where [N, 1, H, W] says that it counts: [N]."""
    weighted = reduce(reduce(values, "n c h w -> n 1 h w", "mean") * mask, "n 1 h w -> n", "sum")
    return weighted / reduce(mask, "n 1 h w -> n", "sum").clamp_min(1e-6)
