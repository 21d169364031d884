"""What labels say of the frames that a training step shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Truth:
    """What labels say of the frames to be shown; all of batch B.

    picture [B, 3, H, W]; place [B, 3, h, w] canonical coordinates, depth [B, h, w] in the posed volume and
    part [B, h, w] (0 background, 1 body, 2 head) of every cell; pose [B, 6]; expression [B, E]; emphasis [B, 1, H, W]
    weights of pixels; eyes [B, 1, H, W], 1 about the eyes.
    """

    picture: Tensor
    place: Tensor
    depth: Tensor
    part: Tensor
    pose: Tensor
    expression: Tensor
    emphasis: Tensor
    eyes: Tensor

    def at(self, size: Sequence[int]) -> Truth:
        """With the labels of cells taken at this many of them."""
        depth, part = _taken(self.depth[:, None], size)[:, 0], _taken(self.part[:, None], size)[:, 0]
        return replace(self, place=_taken(self.place, size), depth=depth, part=part)

    def foreground(self) -> Tensor:
        """1 on the person and 0 behind: [B, 1, H, W], as coarse as the labels of cells are."""
        return _taken((self.part[:, None] > 0).to(self.picture), self.picture.shape[-2:])

    def first(self, sources: int) -> Truth:
        """The first of each source's frames: batch B = sources * n -> sources."""
        step = len(self.picture) // sources
        return Truth(**{name: value[::step] for name, value in vars(self).items()})


def _taken(x: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(x, size=tuple(size), mode="nearest")
