"""The critic: tells patches of real pictures from patches of made ones, at several scales."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class Verdict(NamedTuple):
    """At one scale: score [B, 1, h, w], the higher the more real; maps [B, C, h, w] of every layer, fine to coarse.

    A tuple, because FSDP2 finds the tensors that a part returns in tuples and lists only.
    """

    score: Tensor
    maps: list[Tensor]


class PatchCritic(nn.Module):
    """Pictures [B, 3, H, W] in [0, 1] -> a score for every patch (the authors' code: kernel 3, stride 2, the last of 1,
    InstanceNorm, LeakyReLU 0.2, 64 to 512 channels).

    spectral: spectral norm on every convolution (MegaPortraits: "spectral norm", they do not say of which network).
    """

    def __init__(self, *, widths: Sequence[int], spectral: bool) -> None:
        super().__init__()
        steps = [2] * (len(widths) - 1) + [1]
        pairs = itertools.pairwise([3, *widths])
        layers = [nn.Conv2d(a, b, 3, stride, padding=1) for (a, b), stride in zip(pairs, steps, strict=True)]
        last = nn.Conv2d(widths[-1], 1, 3, padding=1)
        self.layers = nn.ModuleList(spectral_norm(layer) if spectral else layer for layer in layers)
        self.norms = nn.ModuleList([nn.Identity(), *(nn.InstanceNorm2d(width) for width in widths[1:])])
        self.last = spectral_norm(last) if spectral else last

    def forward(self, picture: Tensor) -> Verdict:
        x, maps = picture * 2 - 1, []
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = F.leaky_relu(norm(layer(x)), 0.2)
            maps.append(x)
        return Verdict(self.last(x), maps)


class MultiScaleCritic(nn.Module):
    """A critic of its own for the picture and for each halving of it (pix2pixHD; the authors' code: 2 scales)."""

    def __init__(self, *, scales: int, widths: Sequence[int], spectral: bool) -> None:
        super().__init__()
        self.critics = nn.ModuleList(PatchCritic(widths=widths, spectral=spectral) for _ in range(scales))

    def forward(self, picture: Tensor) -> list[Verdict]:
        """[B, 3, H, W] in [0, 1] -> one verdict a scale, whole picture first."""
        verdicts = []
        for critic in self.critics:
            verdicts.append(critic(picture))
            picture = F.avg_pool2d(picture, 2)
        return verdicts
