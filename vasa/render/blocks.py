"""Residual blocks of MegaPortraits (Fig. 10): norm, ReLU, convolution, twice, beside a skip."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from einops import rearrange, reduce
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize


def groups(channels: int) -> int:
    """GroupNorm groups: 32 where the channels are many (author code), fewer in small networks (our choice)."""
    return math.gcd(channels, 32 if channels >= 96 else 8)


class Standardised(nn.Module):
    """Weight standardisation: every filter gets mean 0 and variance 1 / fan-in (Qiao 2019; MegaPortraits, A.1)."""

    def forward(self, weight: Tensor) -> Tensor:
        centred = weight - reduce(weight, "o ... -> o" + " 1" * (weight.ndim - 1), "mean")
        flat = rearrange(centred, "o ... -> o (...)")
        scale = flat.pow(2).sum(1).add(1e-8).rsqrt()
        return rearrange(flat * scale[:, None], "o n -> (o n)").reshape(weight.shape)


def conv(
    dims: int, inside: int, outside: int, kernel: int = 3, *, standardise: bool = False, bias: bool = True
) -> nn.Module:
    """A convolution in 2 or 3 dimensions that keeps the size, with standardised weights where asked."""
    layer = (nn.Conv2d if dims == 2 else nn.Conv3d)(inside, outside, kernel, padding=kernel // 2, bias=bias)
    if standardise:
        parametrize.register_parametrization(layer, "weight", Standardised())
    return layer


class ResBlock(nn.Module):
    """[B, inside, ...] -> [B, outside, ...] in 2 or 3 dimensions (Fig. 10c).

    What nothing needs again is written over: on CPUs a block takes as long to move its numbers as to multiply them.
    """

    def __init__(self, dims: int, inside: int, outside: int, *, standardise: bool = False) -> None:
        super().__init__()
        self.norm_in, self.norm_out = nn.GroupNorm(groups(inside), inside), nn.GroupNorm(groups(outside), outside)
        self.conv_in = conv(dims, inside, outside, standardise=standardise, bias=False)
        self.conv_out = conv(dims, outside, outside, bias=False)
        self.skip = nn.Identity() if inside == outside else conv(dims, inside, outside, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv_in(F.relu_(self.norm_in(x)))
        return self.conv_out(F.relu_(self.norm_out(h))).add_(self.skip(x))


class AdaptiveGroupNorm(nn.Module):
    """GroupNorm whose scale and shift depend on an embedding by one learned matrix (MegaPortraits, Fig. 9b, '*')."""

    def __init__(self, channels: int, embedding: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups(channels), channels)
        self.shape = nn.Linear(embedding, 2 * channels)
        nn.init.zeros_(self.shape.weight)
        nn.init.zeros_(self.shape.bias)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = rearrange(self.shape(embedding), "b (two c) -> two b c" + " 1" * (x.ndim - 2), two=2)
        return torch.addcmul(shift, self.norm(x), 1 + scale)


class AdaptiveResBlock(nn.Module):
    """A residual block in 2 or 3 dimensions steered by an embedding: [B, inside, ...], [B, E] -> [B, outside, ...]."""

    def __init__(self, dims: int, inside: int, outside: int, *, embedding: int, standardise: bool = False) -> None:
        super().__init__()
        self.norm_in, self.norm_out = AdaptiveGroupNorm(inside, embedding), AdaptiveGroupNorm(outside, embedding)
        self.conv_in = conv(dims, inside, outside, standardise=standardise, bias=False)
        self.conv_out = conv(dims, outside, outside, bias=False)
        self.skip = nn.Identity() if inside == outside else conv(dims, inside, outside, 1, bias=False)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.conv_in(F.relu_(self.norm_in(x, embedding)))
        return self.conv_out(F.relu_(self.norm_out(h, embedding))).add_(self.skip(x))


def spectral(model: nn.Module) -> nn.Module:
    """Spectral norm on the convolutions of all residual blocks (MegaPortraits, training details). Changes the model.

    Standardised weights are left out: their scale is fixed already, so that dividing by a norm would change nothing.
    """
    for block in model.modules():
        if isinstance(block, ResBlock | AdaptiveResBlock):
            for layer in (block.conv_in, block.conv_out, block.skip):
                if isinstance(layer, nn.Conv2d | nn.Conv3d) and not parametrize.is_parametrized(layer):
                    parametrizations.spectral_norm(layer)
    return model


def fold(model: nn.Module) -> nn.Module:
    """Bake standardised and normed weights in for inference: same outputs in evaluation mode, nothing recomputed a
    frame. Changes the model."""
    for layer in model.modules():
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    return model
