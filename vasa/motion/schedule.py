"""Noise schedules: how much signal and how much noise there is at a diffusion time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class Schedule(Protocol):
    """Diffusion time runs from 0, the clean motion, to 1, noise; alpha**2 + sigma**2 = 1."""

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
