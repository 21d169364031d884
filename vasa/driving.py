"""Motion taken from a video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import torch
from torch import Tensor

from vasa.clock import Clock
from vasa.render import Renderer
from vasa.types import Motion


def batches(items: Iterable[Tensor], size: int) -> Iterator[list[Tensor]]:
    """Items in lists of this size; the last one may be shorter."""
    rest = iter(items)
    while taken := list(islice(rest, size)):
        yield taken


def seen_motion(renderer: Renderer, crops: Iterable[Tensor], batch: int, device: torch.device) -> Iterator[Motion]:
    """The motion in crops [3, H, W] of a video, a few frames [1, T, M] at a time."""
    for some in batches(crops, batch):
        yield renderer.motion_of(torch.stack(some)[None].to(device))


class Metered:
    """Sound handed out by the frame, silence once it has ended; reads blocks [n] no faster than it needs them."""

    def __init__(self, blocks: Iterator[Tensor], clock: Clock) -> None:
        self.blocks, self.clock, self.rest = blocks, clock, torch.zeros(0)

    def take(self, frames: int) -> Tensor:
        """The next samples, exactly this many frames' worth."""
        wanted = self.clock.samples(frames)
        while len(self.rest) < wanted and (block := next(self.blocks, None)) is not None:
            self.rest = torch.cat([self.rest, block])
        taken, self.rest = self.rest[:wanted], self.rest[wanted:]
        return torch.cat([taken, taken.new_zeros(wanted - len(taken))])
