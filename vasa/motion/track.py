"""Motion with its sound and its labels: what a generator learns from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Track:
    """One clip, or a batch of pieces of clips with a leading B; all float32.

    motion: [T, M], normalised by the space. features: [T, A]. gaze: [T, 2]. distance: [T, 1]. emotion: [T, 8].
    lip_opening: [T, 1]. directed: [T], True where gaze and emotion were asked for and not chosen (see
    `vasa.people.direction`). known: [T], False outside the clip.
    """

    motion: Tensor
    features: Tensor
    gaze: Tensor
    distance: Tensor
    emotion: Tensor
    lip_opening: Tensor
    directed: Tensor
    known: Tensor

    def map(self, function: Callable[[Tensor], Tensor]) -> Self:
        """The same track with this function applied to every tensor."""
        return type(self)(**{f.name: function(getattr(self, f.name)) for f in fields(self)})

    def to(self, device: torch.device | str) -> Self:
        """The same track on this device."""
        return self.map(lambda value: value.to(device))

    @staticmethod
    def join(tracks: Sequence[Track], join: Callable[[list[Tensor]], Tensor]) -> Track:
        """One track out of many: `join` is torch.cat or torch.stack."""
        return Track(**{f.name: join([getattr(t, f.name) for t in tracks]) for f in fields(Track)})
