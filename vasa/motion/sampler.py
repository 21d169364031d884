"""Samplers: from noise to clean motion in a few steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
            keep, take, sigma = _posterior(_shares(schedule, time), _shares(schedule, earlier))
            x_t = keep * x_t + take * denoise(x_t, time.to(x_t))
            if step < self.steps:
                x_t = x_t + sigma * noise(step)
        return x_t


class Multistep:
    """DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): DDIM's step with the clean motion extrapolated from the last two.

    steps: network evaluations. It needs no other training than DDIM and holds up at 4 to 8 steps. First and last step
    are DDIM's: before them there is nothing to extrapolate from, after them nothing is left to correct. shift: as in
    `Euler`; near the noise it is decided what happens at all, so that rare things, such as blinks, are lost by few even
    steps and come back with a shift of 3.
    """

    def __init__(self, *, steps: int, shift: float = 1.0) -> None:
        self.steps, self.shift = _at_least_one(steps), _shift(shift)

    def __call__(self, denoise: Denoise, noise: Noise, schedule: Schedule) -> Tensor:
        x_t = noise(0)
        times = _shifted(self.steps, self.shift, like=x_t)
        half_log_snr = (schedule.alpha(times).log() - schedule.sigma(times).log()).tolist()
        seen = x_t
        for step, (time, earlier) in enumerate(pairwise(times)):
            last, seen = seen, denoise(x_t, time)
            ahead = _ahead(half_log_snr, step) if 0 < step < self.steps - 1 else 0.0
            x0 = seen + ahead * (seen - last)
            left = schedule.sigma(earlier) / schedule.sigma(time)
            x_t = left * x_t + (schedule.alpha(earlier) - left * schedule.alpha(time)) * x0
        return x_t


def _ahead(half_log_snr: list[float], step: int) -> float:
    """1 / (2 r): how far the change of x0 goes on, for r the length of the last step over that of this one; not at all
    after a step that a schedule's floor left without length."""
    before, now, after = half_log_snr[step - 1 : step + 2]
    return (after - now) / (2 * (now - before)) if now > before else 0.0


class Euler:
    """Follows the straight path's velocity, noise - x0, in Euler steps, as flow matching does.

    The variable is y = x_t / (alpha + sigma) at noise share s = sigma / (alpha + sigma), where dy/ds is that velocity
    on every schedule: there evenly spaced steps are DDIM's. steps: network evaluations. shift: above 1 spends more of
    them near the noise, t -> shift t / (1 + (shift - 1) t) (Esser et al. 2024, eq. 23).
    """

    def __init__(self, *, steps: int, shift: float = 1.0) -> None:
        self.steps, self.shift = _at_least_one(steps), _shift(shift)

    def __call__(self, denoise: Denoise, noise: Noise, schedule: Schedule) -> Tensor:
        flow = Flow(denoise, schedule)
        y, times = flow.start(noise(0)), _shifted(self.steps, self.shift, like=noise(0))
        for time, earlier in pairwise(times):
            y = y + (flow.share(earlier) - flow.share(time)) * flow.velocity(y, time)
        return y


class Heun:
    """Euler with the mean of the velocities at both ends of a step (Karras et al. 2022, algorithm 1).

    steps: of time; each asks the network twice but the last, which ends where there is no noise to see: 2 steps - 1
    evaluations. shift: as in `Euler`.
    """

    def __init__(self, *, steps: int, shift: float = 1.0) -> None:
        self.steps, self.shift = _at_least_one(steps), _shift(shift)

    def __call__(self, denoise: Denoise, noise: Noise, schedule: Schedule) -> Tensor:
        flow = Flow(denoise, schedule)
        y, times = flow.start(noise(0)), _shifted(self.steps, self.shift, like=noise(0))
        for step, (time, earlier) in enumerate(pairwise(times), 1):
            way, velocity = flow.share(earlier) - flow.share(time), flow.velocity(y, time)
            if step < self.steps:
                velocity = (velocity + flow.velocity(y + way * velocity, earlier)) / 2
            y = y + way * velocity
        return y


@dataclass(frozen=True)
class Flow:
    """The straight path behind a schedule: y = x_t / (alpha + sigma) = (1 - s) x0 + s noise."""

    denoise: Denoise
    schedule: Schedule

    def start(self, noise: Tensor) -> Tensor:
        """y at time 1, where x_t is the noise."""
        one = torch.ones((), device=noise.device, dtype=noise.dtype)
        return noise / (self.schedule.alpha(one) + self.schedule.sigma(one))

    def share(self, time: Tensor) -> Tensor:
        """s, the share of noise in y."""
        alpha, sigma = self.schedule.alpha(time), self.schedule.sigma(time)
        return sigma / (alpha + sigma)

    def velocity(self, y: Tensor, time: Tensor) -> Tensor:
        """dy/ds = noise - x0 = (y - x0) / s."""
        x_t = (self.schedule.alpha(time) + self.schedule.sigma(time)) * y
        return (y - self.denoise(x_t, time)) / self.share(time)


def _shifted(steps: int, shift: float, *, like: Tensor) -> Tensor:
    times = torch.linspace(1, 0, steps + 1, device=like.device, dtype=like.dtype)
    return shift * times / (1 + (shift - 1) * times)


def _shift(shift: float) -> float:
    if not shift > 0:
        raise ValueError(f"A sampler's shift is above 0, 1 for even steps; got {shift}.")
    return shift


def _posterior(now: tuple[float, float], earlier: tuple[float, float]) -> tuple[float, float, float]:
    """Shares of x_t and x0 in the mean one step earlier, and the standard deviation about it; of (alpha, sigma)."""
    (alpha, sigma), (alpha_s, sigma_s) = now, earlier
    kept, left = alpha / alpha_s, (sigma_s / sigma) ** 2
    added = 1 - kept**2 * left  # of the variance sigma^2, what this step put in
    return kept * left, alpha_s * added, sigma_s * added**0.5


def _shares(schedule: Schedule, time: Tensor) -> tuple[float, float]:
    return float(schedule.alpha(time)), float(schedule.sigma(time))


def _at_least_one(steps: int) -> int:
    if steps < 1:
        raise ValueError(f"A sampler needs at least one step; got {steps}.")
    return steps
