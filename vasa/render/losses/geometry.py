"""Losses of labelled geometry: where every cell lies on the head (virtual people only; not in the papers)."""

from __future__ import annotations

import torch
from einops import rearrange, reduce
from torch import Tensor, nn

from vasa.geometry import sample_volume
from vasa.render.truth import Truth
from vasa.render.volume import Shown


class FieldLoss(nn.Module):
    """Every visible cell must know its place on the head: |field(h, w, z) - place(h, w)| (virtual people only)."""

    def forward(self, shown: Shown, truth: Truth) -> Tensor:
        truth = truth.at(shown.field.shape[-2:])
        nearby = along_depth(truth.depth, shown.field.shape[2])
        found = reduce(shown.field * nearby[:, None], "b i d h w -> b i h w", "sum")
        return masked(reduce((found - truth.place).abs(), "b i h w -> b h w", "mean"), truth.part > 0)


class DepthLoss(nn.Module):
    """The depth weights must point at the visible surface: cross-entropy with its two nearest slices."""

    def forward(self, shown: Shown, truth: Truth) -> Tensor:
        truth = truth.at(shown.depth.shape[-2:])
        nearby = along_depth(truth.depth, shown.depth.shape[1])
        return masked(-(nearby * shown.depth.clamp_min(1e-4).log()).sum(1), truth.part > 0)


class RouteLoss(nn.Module):
    """From its canonical place every visible source cell must be found again: |route(place(h, w)) - (x, y, z)|."""

    def forward(self, route: Tensor, source: Truth) -> Tensor:
        found = sample_volume(route, rearrange(source.place, "b i h w -> b 1 h w i"))[:, :, 0]
        axis = [(torch.arange(n, device=route.device) + 0.5) * (2 / n) - 1 for n in source.depth.shape[1:]]
        y, x = torch.meshgrid(*axis, indexing="ij")
        error = (found[:, 0] - x).abs() + (found[:, 1] - y).abs() + (found[:, 2] - source.depth).abs()
        return masked(error / 3, source.part > 0)


def along_depth(depth: Tensor, slices: int) -> Tensor:
    """Linear weights of the two slices about a depth in [-1, 1]: [B, h, w] -> [B, D, h, w]."""
    centres = (torch.arange(slices, device=depth.device) + 0.5) * (2 / slices) - 1
    inside = depth.clamp(float(centres[0]), float(centres[-1]))
    return (1 - (inside[:, None] - centres[:, None, None]).abs() * (slices / 2)).clamp_min(0)


def masked(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over a mask; zero where it is empty."""
    return (values * mask).sum() / mask.sum().clamp_min(1)
