"""The part of a stream of sound that is still needed."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass
class SoundBuffer:
    """Samples received and not yet forgotten; a window sees `past` samples before and `ahead` after it."""

    past: int
    ahead: int
    received: int = 0
    first: int = field(init=False)
    samples: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.first, self.samples = -self.past, torch.zeros(self.past)

    def push(self, samples: Tensor) -> None:
        """Add samples [S] at the end."""
        self.samples = torch.cat([self.samples, samples])
        self.received += len(samples)

    def ready(self, end: int) -> bool:
        """Whether a window that ends before this sample can be cut without padding."""
        return self.received >= end + self.ahead

    def cut(self, start: int, end: int) -> Tensor:
        """The window [start, end) with its surroundings, silence where there is no sound; forgets what lies before."""
        self.samples = self.samples[start - self.past - self.first :]
        self.first = start - self.past
        wanted = end + self.ahead - self.first
        cut = self.samples[:wanted]
        return torch.cat([cut, cut.new_zeros(wanted - len(cut))])

    def drop(self, end: int) -> int:
        """Forget what was received from this sample on, as if it had not come; returns how many samples that were."""
        dropped = max(self.received - end, 0)
        self.received -= dropped
        self.samples = self.samples[: max(end - self.first, 0)]
        return dropped
