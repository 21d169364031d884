"""What a renderer is: the boundary that plug-ins implement."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor

from vasa.space import MotionSpace
from vasa.types import Motion, Portrait


@runtime_checkable
class Renderer(Protocol):
    """Turns one face and a motion into pictures."""

    space: MotionSpace
    image_size: int  # pixels, square

    def encode(self, image: Tensor) -> Portrait:
        """What to remember of a face: picture [B, 3, H, W]."""

    def motion_of(self, image: Tensor) -> Motion:
        """The motion seen in pictures [B, T, 3, H, W]."""

    def render(self, portrait: Portrait, motion: Motion) -> Tensor:
        """Show a face in motion: [B, T, 3, H, W], values in [0, 1]."""
