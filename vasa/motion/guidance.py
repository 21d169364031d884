"""Classifier-free guidance with a scale for each condition (VASA-1, 3.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from einops import rearrange, repeat
from torch import Tensor

from vasa.motion.conditions import Conditions

Network = Callable[[Tensor, Tensor, Conditions], Tensor]  # x_t [B, W, M], time [B], C -> prediction [B, W, M]


class Guidance(Protocol):
    """Turns the network into a prediction that leans towards its conditions."""

    def __call__(self, network: Network, x_t: Tensor, time: Tensor, conditions: Conditions) -> Tensor:
        """x_t [B, W, M], time [] -> prediction [B, W, M]."""
        ...


class PerCondition:
    """(1 + sum_c scale_c) H(C) - sum_c scale_c H(C without c), all branches in one batch.

    A scale of 0, and a condition that nobody gave, cost no branch. The defaults are the paper's.
    """

    def __init__(self, *, audio: float = 0.5, gaze: float = 1.0, distance: float = 0.0, emotion: float = 0.0) -> None:
        scales = {"audio": audio, "gaze": gaze, "distance": distance, "emotion": emotion}
        self.scales = {name: scale for name, scale in scales.items() if scale}

    def __call__(self, network: Network, x_t: Tensor, time: Tensor, conditions: Conditions) -> Tensor:
        scales = {name: scale for name, scale in self.scales.items() if conditions.knows(name)}
        branches = Conditions.cat([conditions, *(conditions.without(name) for name in scales)])
        count = 1 + len(scales)
        output = network(
            repeat(x_t, "b w m -> (c b) w m", c=count), repeat(time, " -> n", n=count * len(x_t)), branches
        )
        full, *without = rearrange(output, "(c b) w m -> c b w m", c=count)
        # Each condition has its own null, so each scale steers one thing.
        return full + sum(
            (scale * (full - other) for scale, other in zip(scales.values(), without, strict=True)),
            start=torch.zeros_like(full),
        )
