"""Noise schedules: how much signal and how much noise there is at a diffusion time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Schedule(Protocol):
    """Diffusion time runs from 0, the clean motion, to 1, noise: x_t = alpha x0 + sigma noise.

    alpha falls and sigma rises; alpha**2 + sigma**2 = 1 for diffusion, alpha + sigma = 1 for flow matching.
    """

    def alpha(self, time: Tensor) -> Tensor:
        """How much of the clean motion is left."""
        ...

    def sigma(self, time: Tensor) -> Tensor:
        """Standard deviation of the noise."""
        ...


@dataclass(frozen=True)
class CosineSchedule:
    """alpha_bar(t) = cos^2((t + s) / (1 + s) pi/2), scaled to 1 at t = 0 (Nichol and Dhariwal 2021, eq. 17).

    VASA-1 does not publish its schedule; cosine is what its relatives use. Time is continuous, the limit of many steps.
    floor: least alpha_bar, so that no prediction divides by zero.
    """

    offset: float = 0.008
    floor: float = 1e-4

    def alpha(self, time: Tensor) -> Tensor:
        return self._alpha_bar(time).sqrt()

    def sigma(self, time: Tensor) -> Tensor:
        return (1 - self._alpha_bar(time)).sqrt()

    def _alpha_bar(self, time: Tensor) -> Tensor:
        quarter = math.pi / 2 / (1 + self.offset)
        start = math.cos(self.offset * quarter) ** 2
        return (((time + self.offset) * quarter).cos() ** 2 / start).clamp(self.floor, 1.0)


@dataclass(frozen=True)
class LinearSchedule:
    """alpha_bar(t) = exp(-(first t + (last - first) t^2 / 2)): variance rises linearly (Ho et al. 2020, section 4).

    It is the limit of many steps of theirs: 1000 of 1e-4 to 0.02 (Song et al. 2021, appendix C).
    """

    first: float = 0.1
    last: float = 20.0

    def alpha(self, time: Tensor) -> Tensor:
        return (-self._spent(time) / 2).exp()

    def sigma(self, time: Tensor) -> Tensor:
        return (-torch.expm1(-self._spent(time))).sqrt()

    def _spent(self, time: Tensor) -> Tensor:
        return self.first * time + (self.last - self.first) * time.square() / 2


@dataclass(frozen=True)
class StraightPath:
    """alpha = 1 - t, sigma = t: flow matching's straight line from noise to motion (Lipman et al. 2023, example II)."""

    def alpha(self, time: Tensor) -> Tensor:
        return 1 - time

    def sigma(self, time: Tensor) -> Tensor:
        return time
