"""What motion training minimises, and which conditions a sample gets to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from einops import rearrange
from torch import Tensor

from vasa.motion.conditions import CONTROLS, Conditions
from vasa.motion.track import Track

DIRECTED = ("gaze", "emotion")  # what people are told in directed clips


@dataclass(frozen=True)
class Dropout:
    """How often a sample trains without a condition (VASA-1, 3.2: 0.1, and 0.5 for what came before).

    tail: how often the last frames of sound are lost, so that short sound works; the paper does it and does not say how
    often. least: frames that are left then at least, half a window where it is not said; a stream whose hop is shorter
    begins with as little. Samples that are directed [B] always see what was asked for; of the others a share `free` is
    asked for nothing at all, which is what people do by themselves (our addition).
    """

    condition: float = 0.1
    previous: float = 0.5
    tail: float = 0.1
    least: int | None = None
    free: float = 0.0

    def __call__(
        self, conditions: Conditions, generator: torch.Generator, directed: Tensor | None = None
    ) -> Conditions:  # fmt: skip
        """The same conditions, some of them unknown."""
        batch, window = conditions.audio.known.shape
        device = conditions.audio.known.device

        def hit(chance: float) -> Tensor:
            return torch.rand(batch, generator=generator, device=device) < chance

        begun = hit(self.previous)
        audio = conditions.audio.dropped(hit(self.condition)).dropped(self._tail(batch, window, generator))
        free = hit(self.free)
        told = torch.zeros_like(free) if directed is None else directed
        lost = {name: (hit(self.condition) & ~(told & (name in DIRECTED))) | (free & ~told) for name in CONTROLS}
        controls = {name: getattr(conditions, name).dropped(lost[name]) for name in CONTROLS}
        return replace(
            conditions, audio=audio, **controls,
            previous_audio=conditions.previous_audio.dropped(begun),
            previous_motion=conditions.previous_motion.dropped(begun),
        )  # fmt: skip

    def _tail(self, batch: int, window: int, generator: torch.Generator) -> Tensor:
        chance, length = torch.rand(2, batch, 1, generator=generator, device=generator.device)
        left = window - (length * (window / 2 if self.least is None else window - self.least)).ceil()
        return (chance < self.tail) & (torch.arange(window, device=generator.device) >= left)


def masked_mse(prediction: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Mean squared error over known frames: [B, T, M] twice and [B, T]."""
    error = (prediction - truth).square().mean(-1)
    return (error * known).sum() / known.sum().clamp_min(1)


def velocity_mse(prediction: Tensor, truth: Tensor, known: Tensor, speed: Tensor) -> Tensor:
    """Mean squared error of the change from frame to frame, where both are known, relative to speed [M].

    Without `speed` a latent that moves slowly, such as the head's pose, could tremble at next to no cost.
    """
    return masked_mse(prediction.diff(dim=1) / speed, truth.diff(dim=1) / speed, known[:, 1:] & known[:, :-1])


def smoothness_mse(prediction: Tensor, truth: Tensor, known: Tensor, speed: Tensor) -> Tensor:
    """The same for the second difference (DiffPoseTalk's smoothness, but against the truth's own)."""
    bent, true = (value.diff(n=2, dim=1) / speed for value in (prediction, truth))
    return masked_mse(bent, true, known[:, 2:] & known[:, 1:-1] & known[:, :-2])


def usual_speed(clips: Sequence[Track], *, least: float = 0.03) -> Tensor:
    """Root mean square change from frame to frame of each latent [M] over these clips."""
    steps = torch.cat([clip.motion.diff(dim=0) for clip in clips])
    return steps.square().mean(0).sqrt().clamp_min(least)


def noised(x0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    """x_t = alpha x0 + sigma noise, for alpha and sigma [B]."""
    return rearrange(alpha, "b -> b 1 1") * x0 + rearrange(sigma, "b -> b 1 1") * noise
