"""How far eyes and lips are open, and renderers that can be asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

from vasa.types import Motion, Portrait


@dataclass(frozen=True)
class Openness:
    """Heights of openings over their widths: eyes [B, 2], the picture's left and right; lips [B, 1]."""

    eyes: Tensor
    lips: Tensor


@runtime_checkable
class Retargets(Protocol):
    """What a renderer can have beyond `vasa.render.Renderer`: it opens eyes and lips of a face by measure.

    was: openness of the portrait's picture.
    """

    def opened(
        self, portrait: Portrait, motion: Motion, was: Openness, *, eyes: Tensor | None, lips: Tensor | None
    ) -> Motion:
        """The motion [B, T, M] with eyes and lips as far open as asked, whatever it did with them: [B, T] each."""
        ...

    def with_lips_closed(self, portrait: Portrait, motion: Motion, was: Openness) -> Motion:
        """The motion [B, T, M] for a face whose lips, open in its picture, count as closed; others stay as they are."""
        ...
