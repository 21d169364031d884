"""How a face leaves the motion of its picture and comes back to it, so that no video starts or ends in a jump."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor

from vasa.clock import Clock
from vasa.types import Motion


def own_share(first: int, length: int, ease: int, end: int | None) -> Tensor:
    """How much of frames [first, first + length) is the picture's own motion: [length], 1 all, 0 none.

    It falls over the first `ease` frames of the track and rises over the first `ease` frames after `end`, if that is
    known; half a cosine each.
    """
    frame = torch.arange(first, first + length, dtype=torch.float32)
    leaving = 1 - (frame + 1) / (ease + 1)
    coming = torch.zeros_like(frame) if end is None else (frame + 1 - end) / max(ease, 1)
    share = torch.maximum(leaving, coming).clamp(0, 1) * (ease > 0)
    return (1 - torch.cos(torch.pi * share)) / 2


def eased(motion: Motion, home: Motion, own: Tensor) -> Motion:
    """The motion [B, T, M], drawn towards one frame of motion [B, 1, M] by the share own [T]."""
    if not bool(own.any()):
        return motion
    share = rearrange(own.to(motion.pose), "t -> t 1")
    return Motion(motion.pose.lerp(home.pose, share), motion.dynamics.lerp(home.dynamics, share))


def whole_ease(seconds: float, clock: Clock) -> int:
    """Frames of easing; raises ValueError where that makes no sense."""
    if not 0 <= seconds <= 5:
        raise ValueError(f"ease_s is 0 to 5 seconds; got {seconds}.")
    return clock.frames_in(seconds)
