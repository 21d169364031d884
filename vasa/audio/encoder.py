"""The boundary between sound and motion."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor

from vasa.clock import Clock


@runtime_checkable
class AudioEncoder(Protocol):
    """Turns sound into features on the video clock.

    context_s: past that each window sees; lookahead_s: future that each window needs, which is the latency it costs.
    Both are whole frames of `clock`.
    """

    clock: Clock
    dim: int
    context_s: float
    lookahead_s: float

    def __call__(self, samples: Tensor) -> Tensor:
        """Samples [B, S] in [-1, 1], S a whole number of frames -> features [B, T, A], T = S / samples a frame."""
        ...
