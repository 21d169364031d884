"""What the network predicts, and how that becomes the clean motion.

x_t = alpha x0 + sigma noise. alpha and sigma are broadcast against x_t.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Objective(Protocol):
    """A parameterisation of the prediction."""

    def target(self, x0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """What the network's output should be."""
        ...

    def clean(self, output: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The x0 that an output stands for."""
        ...


class PredictClean:
    """The network predicts x0 (VASA-1, 3.2)."""

    def target(self, x0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:  # noqa: ARG002
        return x0

    def clean(self, output: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:  # noqa: ARG002
        return output


class PredictNoise:
    """The network predicts the noise (Ho et al. 2020); times without signal, alpha = 0, have no answer."""

    def target(self, x0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:  # noqa: ARG002
        return noise

    def clean(self, output: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return (x_t - sigma * output) / alpha


class PredictVelocity:
    """The network predicts v = alpha noise - sigma x0 (Salimans and Ho 2022)."""

    def target(self, x0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return alpha * noise - sigma * x0

    def clean(self, output: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return (alpha * x_t - sigma * output) / (alpha**2 + sigma**2)


class PredictFlow:
    """The network predicts noise - x0, the velocity along the straight path (Lipman et al. 2023, flow matching).

    With `vasa.motion.schedule.StraightPath` x_t moves at just that velocity; on another schedule x_t / (alpha + sigma)
    does, so that one network and one formula serve every path.
    """

    def target(self, x0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:  # noqa: ARG002
        return noise - x0

    def clean(self, output: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return (x_t - sigma * output) / (alpha + sigma)
