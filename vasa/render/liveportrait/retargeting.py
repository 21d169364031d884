"""S and the retargeting perceptrons: small corrections of key points, so that shoulders stay and eyes and lips open."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from einops import rearrange
from torch import Tensor, nn

from vasa.render.liveportrait.keypoints import POINTS, as_points

OPEN_LIPS = 0.03  # lips closer than this count as closed


def perceptron(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers with ReLU between them, none at the end."""
    layers = [layer for a, b in itertools.pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


class Retargeting(nn.Module):
    """Corrections of key points [B, 21, 3]; each argument gives the widths of a perceptron's hidden layers.

    Openness is the height of an opening over its width, see `vasa.face.layouts`.
    """

    def __init__(self, *, stitching: Sequence[int], lips: Sequence[int], eyes: Sequence[int]) -> None:
        super().__init__()
        size = 3 * POINTS
        self.stitching = perceptron([2 * size, *stitching, size + 2])
        self.lips = perceptron([size + 2, *lips, size])
        self.eyes = perceptron([size + 3, *eyes, size])

    def stitched(self, source: Tensor, driving: Tensor) -> Tensor:
        """Driving key points corrected so that what lies round the face fits the source's picture: [B, 21, 3]."""
        change = self.stitching(torch.cat([_flat(source), _flat(driving)], dim=-1))
        return driving + as_points(change[:, :-2]) + nn.functional.pad(change[:, None, -2:], (0, 1))

    def lip_offset(self, source: Tensor, was: Tensor, wanted: Tensor) -> Tensor:
        """What to add to driving key points so that lips open `wanted` [B, 1], from `was` [B, 1]: [B, 21, 3]."""
        return as_points(self.lips(torch.cat([_flat(source), was, wanted], dim=-1)))

    def eye_offset(self, source: Tensor, was: Tensor, wanted: Tensor) -> Tensor:
        """What to add so that eyes open `wanted` [B, 1], from left and right `was` [B, 2]: [B, 21, 3]."""
        return as_points(self.eyes(torch.cat([_flat(source), was, wanted], dim=-1)))

    def closed_lips(self, source: Tensor, was: Tensor) -> Tensor:
        """What to add, before stitching, so that a source with open lips [B, 1] starts from closed ones: [B, 21, 3]."""
        offset = self.lip_offset(source, was, torch.zeros_like(was))
        return offset * (was >= OPEN_LIPS)[..., None]


def _flat(points: Tensor) -> Tensor:
    return rearrange(points, "b k i -> b (k i)")
