"""Lips that open as far as they are told."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from vasa.geometry import POSE
from vasa.render.meaning import Meaning


class Articulation(nn.Module):
    """Latents whose lips open `gain` times as far, and shut as they did.

    A renderer that is taught by mean errors does by halves what it cannot be sure of, and an open mouth is painted from
    a shut one; this makes up for it: z + (gain - 1) max(0, w z + b) d, where w z + b reads the lips' opening and d is
    the change of dynamics z that goes along with it. Our addition. dynamics: N.
    """

    reading: Tensor  # [N]
    bias: Tensor  # []
    direction: Tensor  # [N]

    def __init__(self, *, dynamics: int, gain: float) -> None:
        super().__init__()
        self.gain = gain
        self.register_buffer("reading", torch.zeros(dynamics))
        self.register_buffer("bias", torch.zeros(()))
        self.register_buffer("direction", torch.zeros(dynamics))

    @classmethod
    @torch.no_grad()
    def of(cls, meaning: Meaning, labels: Tensor, *, gain: float) -> Self:
        """From labels of frames, [F, E], whose last is the lips' opening (see `vasa.data.film.expression`): d = S w /
        (w S w) for the covariance S of what they stand for (Haufe et al. 2014, as in `vasa.motion.handles`)."""
        dynamics = meaning.dynamics_of(labels).double()
        reading = meaning.line.weight[-1].double()
        along = dynamics.T.cov() @ reading
        made = cls(dynamics=dynamics.shape[1], gain=gain)
        made.reading.copy_(reading)
        made.bias.copy_(meaning.line.bias[-1])
        made.direction.copy_(along / (reading @ along))
        return made

    def forward(self, latents: Tensor) -> Tensor:
        """Latents [B, M], of which the dynamics change."""
        opening = (latents[:, len(POSE) :] @ self.reading.to(latents) + self.bias.to(latents)).clamp_min(0)
        more = (self.gain - 1) * opening[:, None] * self.direction.to(latents)
        return torch.cat([latents[:, : len(POSE)], latents[:, len(POSE) :] + more], dim=1)
