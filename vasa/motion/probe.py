"""What validation measures: lips read off motion latents by a straight line, agreement, spread and tremble."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class LinearProbe:
    """value = latents @ weight + bias."""

    weight: Tensor  # [M, K]
    bias: Tensor  # [K]

    @classmethod
    def fit(cls, latents: Tensor, value: Tensor, *, ridge: float = 1e-3) -> LinearProbe:
        """Ridge regression of value [N, K] on latents [N, M]."""
        x, y = latents.double(), value.double()
        centred = x - x.mean(0)
        gram = centred.T @ centred / len(x) + ridge * torch.eye(x.shape[1], dtype=x.dtype)
        weight = torch.linalg.solve(gram, centred.T @ (y - y.mean(0)) / len(x))
        return cls(weight.float(), (y.mean(0) - x.mean(0) @ weight).float())

    def __call__(self, latents: Tensor) -> Tensor:
        """[..., M] -> [..., K]."""
        return latents @ self.weight.to(latents) + self.bias.to(latents)


def correlation(a: Tensor, b: Tensor) -> Tensor:
    """Pearson correlation along time of [B, T, 1] and [B, T, 1]: [B]; 0 where one of them is still."""
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    spread = (a.square().mean(1) * b.square().mean(1)).sqrt()
    return ((a * b).mean(1) / spread.clamp_min(1e-8)).squeeze(-1)


def spread(track: Tensor) -> Tensor:
    """How much [B, T, C] moves about its mean over time: standard deviation, averaged."""
    return track.std(dim=1).mean()


def jitter(track: Tensor) -> Tensor:
    """How much [B, T, C] trembles: root mean square second difference in time."""
    return track.diff(n=2, dim=1).square().mean().sqrt()
