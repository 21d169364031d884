"""Samplers: from noise to clean motion in a few steps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from vasa.motion.schedule import Schedule

Denoise = Callable[[Tensor, Tensor], Tensor]  # x_t [B, W, M], time [] -> the x0 it sees [B, W, M]


class Sampler(Protocol):
    """Solves the diffusion from time 1 to time 0."""

    def __call__(self, denoise: Denoise, noise: Tensor, schedule: Schedule) -> Tensor:
        """noise [B, W, M] -> sample [B, W, M]."""
        ...


class DDIM:
    """Deterministic DDIM (Song et al. 2021, eq. 12 with eta = 0) on evenly spaced times.

    steps: network evaluations; VASA-1 uses 50 and reports that 10 hold up.
    """

    def __init__(self, *, steps: int) -> None:
        if steps < 1:
            raise ValueError(f"A sampler needs at least one step; got {steps}.")
        self.steps = steps

    def __call__(self, denoise: Denoise, noise: Tensor, schedule: Schedule) -> Tensor:
        times = torch.linspace(1, 0, self.steps + 1, device=noise.device, dtype=noise.dtype)
        x_t = noise
        for time, earlier in pairwise(times):
            x0 = denoise(x_t, time)
            eps = (x_t - schedule.alpha(time) * x0) / schedule.sigma(time)
            x_t = schedule.alpha(earlier) * x0 + schedule.sigma(earlier) * eps
        return x_t
