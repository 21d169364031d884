"""A face that is ready to be animated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from vasa.crown import Crown
from vasa.stage import Stage
from vasa.types import Motion, Portrait


@dataclass(frozen=True)
class Sitter:
    """A face ready to be animated: what the renderer remembers of it, and the picture it is shown in."""

    portrait: Portrait
    stage: Stage

    def __repr__(self) -> str:
        height, width = self.stage.size_px
        return f"Sitter({width}x{height}, face in a square of {self.stage.square.size_px:.0f} pixels)"

    @cached_property
    def crown(self) -> Crown | None:
        """What of the head lies above the square that is rendered."""
        return self.stage.crown(self.portrait)

    def shown(self, faces: Tensor, motion: Motion) -> Tensor:
        """Rendered faces [T, 3, S, S] of a motion, in their picture: [T, 3, H, W] on the CPU."""
        return self.stage.paste(faces, motion.pose[0], self.crown)
