"""Classifier-free guidance with a scale for each condition (VASA-1, 3.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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

    A scale of 0, and a condition that nobody gave, cost no branch. The defaults are the paper's. An emotion's weight w
    says how strongly it shows: a network takes weights as a switch, so that it is told the emotion at full strength,
    and 1 + scale becomes w (1 + scale), which leaves nothing of it at 0 (ours; where its scale is 0, weights go to the
    network as they are).
    """

    def __init__(self, *, audio: float = 0.5, gaze: float = 1.0, distance: float = 0.0, emotion: float = 0.0) -> None:
        scales = {"audio": audio, "gaze": gaze, "distance": distance, "emotion": emotion}
        self.scales = {name: scale for name, scale in scales.items() if scale}

    def __call__(self, network: Network, x_t: Tensor, time: Tensor, conditions: Conditions) -> Tensor:
        scales = {name: torch.full_like(x_t[:, :1, :1], s) for name, s in self.scales.items() if conditions.knows(name)}
        if "emotion" in scales:
            conditions, weight = _at_full_strength(conditions)
            scales["emotion"] = weight * (1 + scales["emotion"]) - 1
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


def _at_full_strength(conditions: Conditions) -> tuple[Conditions, Tensor]:
    """The same with the largest weight of an emotion 1, and what it was, [B, 1, 1]; 1 where there is no emotion."""
    asked = conditions.emotion.value
    weight = asked.abs().amax(dim=-1, keepdim=True)
    full = replace(conditions.emotion, value=asked / torch.where(weight > 0, weight, 1))
    given = rearrange(conditions.emotion.known, "b t -> b t 1")
    return replace(conditions, emotion=full), torch.where(given, weight, 1)
