"""Who reads a face off finished frames: an outsider where there is one, else the renderer's own motion reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from vasa.data.film import Clip, brought_to
from vasa.motion.probe import LinearProbe
from vasa.render import Renderer

AT_ONCE = 16  # frames read together


@dataclass(frozen=True)
class Reading:
    """What a judge sees, frame by frame; NaN where it sees no face.

    opening: [T], inner lip gap in a unit of the judge's own. angles: [T, 3], yaw, pitch, roll in radians.
    """

    opening: Tensor
    angles: Tensor


class Judge(Protocol):
    """Reads lip opening and head angles off frames."""

    name: str

    def __call__(self, frames: Tensor) -> Reading:
        """Frames [T, 3, H, W] in [0, 1] of one face, in order of time."""
        ...


class OwnReader:
    """The renderer's own motion reader, with lip opening read off its dynamics by a straight line.

    The line is fitted on the film's true frames and labels. This judge is not independent of what it judges: it trusts
    the renderer to read what it draws.
    """

    name = "the renderer's own motion reader (not independent)"

    def __init__(self, renderer: Renderer, clips: Sequence[Clip], *, device: torch.device, every: int = 2) -> None:
        self._renderer, self._device = renderer, device
        some = [brought_to(renderer.image_size, clip.frames(slice(0, None, every))) for clip in clips]
        seen = [self._motion(frames.float() / 255) for frames in some]
        true = [clip.labels["lip_opening"][::every, None] for clip in clips]
        self._lips = LinearProbe.fit(torch.cat([dynamics for _, dynamics in seen]), torch.cat(true))

    def __call__(self, frames: Tensor) -> Reading:
        pose, dynamics = self._motion(frames)
        return Reading(self._lips(dynamics)[:, 0], pose[:, :3])

    @torch.no_grad()
    def _motion(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        motions = [self._renderer.motion_of(some[None].to(self._device)) for some in frames.split(AT_ONCE)]
        return torch.cat([m.pose[0] for m in motions]).cpu(), torch.cat([m.dynamics[0] for m in motions]).cpu()
