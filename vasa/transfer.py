"""How motion from elsewhere, seen in a video or made from a voice, becomes the motion of one face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from vasa.placing import PLACE, keep_place
from vasa.types import Controls, Motion, Portrait


class Transfer(Protocol):
    """A rule; write your own and give it to `Pipeline`, or name it in a model's pipeline.yaml."""

    def __call__(self, motion: Motion, first: Motion, portrait: Portrait) -> Motion:
        """What the renderer shows. motion [B, T, M]: some frames of a track; first [B, 1, M]: its first frame."""


@dataclass(frozen=True)
class KeepPlace:
    """Angles and expression as they come; the head's place and size change as the track's do, from the portrait's.

    origin: x, y, log scale that stand for the portrait's own; None: those of the track's first frame.
    """

    origin: Sequence[float] | None = None

    def __call__(self, motion: Motion, first: Motion, portrait: Portrait) -> Motion:
        origin = first.pose[0, 0, PLACE] if self.origin is None else torch.tensor(self.origin)
        return keep_place(motion, origin, portrait.motion.pose[0, 0, PLACE])


class Track:
    """One track on its way to one face, a few frames at a time; remembers its first frame.

    asked: pose [B, 6] or [B, T, 6] that the viewer added to the track. It is no part of what is carried over, and is
    added to what comes of that, so that a turn that was asked for is that turn under every rule. Edits that change the
    pose come before, and what they made of the turn counts as the track's own.
    """

    def __init__(self, transfer: Transfer, portrait: Portrait, asked: Tensor | None = None) -> None:
        self.transfer, self.portrait, self.asked = transfer, portrait, Controls(pose=asked)
        self.first: Motion | None = None
        self.made = 0

    def __call__(self, motion: Motion) -> Motion:
        """The motion to render, for the next frames [B, T, M]."""
        added = self._added(motion)
        own = Motion(motion.pose - added, motion.dynamics)
        self.first = own[slice(0, 1)] if self.first is None else self.first
        self.made += motion.length
        shown = self.transfer(own, self.first, self.portrait)
        return Motion(shown.pose + added.to(shown.pose), shown.dynamics)

    def _added(self, motion: Motion) -> Tensor:
        """What the viewer added to the next frames: [B, T, 6]."""
        asked = self.asked.window(self.made, motion.length).pose
        if asked is None:
            return torch.zeros_like(motion.pose)
        return (asked[:, None] if asked.ndim == 2 else asked).to(motion.pose).expand_as(motion.pose)
