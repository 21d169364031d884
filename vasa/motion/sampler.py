"""Samplers: from noise to clean motion in a few steps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from vasa.motion.schedule import Schedule

Denoise = Callable[[Tensor, Tensor], Tensor]  # x_t [B, W, M], time [] -> the x0 it sees [B, W, M]
Noise = Callable[[int], Tensor]  # draw n -> standard normal noise [B, W, M], always the same for the same n


class Sampler(Protocol):
    """Solves the diffusion from time 1 to time 0."""

    def __call__(self, denoise: Denoise, noise: Noise, schedule: Schedule) -> Tensor:
        """Sample [B, W, M]; draw 0 of the noise is where it starts."""
        ...


class DDIM:
    """Deterministic DDIM (Song et al. 2021, eq. 12 with eta = 0) on evenly spaced times.

    steps: network evaluations; VASA-1 uses 50 and reports that 10 hold up.
    """

    def __init__(self, *, steps: int) -> None:
        self.steps = _at_least_one(steps)

    def __call__(self, denoise: Denoise, noise: Noise, schedule: Schedule) -> Tensor:
        x_t = noise(0)
        times = torch.linspace(1, 0, self.steps + 1, device=x_t.device, dtype=x_t.dtype)
        for time, earlier in pairwise(times):
            x0 = denoise(x_t, time)
            eps = (x_t - schedule.alpha(time) * x0) / schedule.sigma(time)
            x_t = schedule.alpha(earlier) * x0 + schedule.sigma(earlier) * eps
        return x_t


class Ancestral:
    """Draws from q(x_earlier | x_t, x0) (Ho et al. 2020, eq. 6 and 7) on evenly spaced times, with fresh noise a step.

    steps: network evaluations; each has its own draw of noise but the last, which adds none.
    """

    def __init__(self, *, steps: int) -> None:
        self.steps = _at_least_one(steps)

    def __call__(self, denoise: Denoise, noise: Noise, schedule: Schedule) -> Tensor:
        times = torch.linspace(1, 0, self.steps + 1, dtype=torch.float64)  # because 1 - alpha_bar cancels in float32
        x_t = noise(0)
        for step, (time, earlier) in enumerate(pairwise(times), 1):
            keep, take, sigma = _posterior(float(schedule.alpha(time)) ** 2, float(schedule.alpha(earlier)) ** 2)
            x_t = keep * x_t + take * denoise(x_t, time.to(x_t))
            if step < self.steps:
                x_t = x_t + sigma * noise(step)
        return x_t


def _posterior(alpha_bar: float, earlier: float) -> tuple[float, float, float]:
    """Shares of x_t and x0 in the mean one step earlier, and the standard deviation about it."""
    alpha, left = alpha_bar / earlier, (1 - earlier) / (1 - alpha_bar)
    return left * alpha**0.5, (1 - alpha) * earlier**0.5 / (1 - alpha_bar), (left * (1 - alpha)) ** 0.5


def _at_least_one(steps: int) -> int:
    if steps < 1:
        raise ValueError(f"A sampler needs at least one step; got {steps}.")
    return steps
