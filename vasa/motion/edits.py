"""Changes to motion before it is shown; each is a `vasa.types.Edit`, for `Pipeline(..., edits=[...])` or by hand.

video = pipe(portrait, speech, edits=[Blink(pipe.handles, at=[25]), HoldGaze(pipe.handles)])
calmer = Strength.neutral(0.7, pipe.renderer.space)(motion, 0)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from vasa.geometry import direction, gaze_along, rotation
from vasa.motion.handles import BLINK, GAZE, LIPS, Handles
from vasa.space import MotionSpace
from vasa.types import Edit, Motion

CLOSING = (0.35, 0.9, 1.0, 0.8, 0.45, 0.15)  # how far a blink has closed the lids, frame by frame; 240 ms
EYES_REACH = (0.56, 0.38)  # radians to the sides, up and down


def _checked(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """All of them; raises ValueError where one cannot be called as an edit is."""
    some = tuple(edits) if isinstance(edits, Iterable) else (edits,)
    if wrong := [one for one in some if isinstance(one, type) or not callable(one)]:
        raise ValueError(f"edits= takes a list of edits, see `vasa.motion.edits`; got {wrong[0]!r}.")
    return some


class Edited:
    """Changes one track, piece by piece, and remembers how far it is; raises ValueError for what is no list
    of edits."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        self.edits, self.made = _checked(edits), 0

    def __call__(self, motion: Motion) -> Motion:
        """The next frames [1, T, M]."""
        for edit in self.edits:
            motion = edit(motion, self.made)
        self.made += motion.length
        return motion


@dataclass(frozen=True)
class Dynamics:
    """Adds to the dynamics: change [N], or [T, N] for a curve from frame 0 on, whose last value is held."""

    change: Tensor

    def __call__(self, motion: Motion, first: int) -> Motion:
        return Motion(motion.pose, motion.dynamics + _from(self.change, motion, first))


@dataclass(frozen=True)
class Strength:
    """Makes what the face does stronger or weaker: 1 leaves it, 0 is the mean face of the space, 2 twice as far.

    around: dynamics [N] that stand for no expression; `neutral` takes those of a space. pose: the same for the head's
    angles.
    """

    dynamics: float
    around: Tensor
    pose: float = 1.0

    @classmethod
    def neutral(cls, strength: float, space: MotionSpace, *, pose: float = 1.0) -> Strength:
        """About the mean of a space."""
        return cls(strength, torch.tensor(space.mean[-space.dynamics :]), pose)

    def __call__(self, motion: Motion, first: int) -> Motion:  # noqa: ARG002
        still = self.around.to(motion.dynamics)
        angles, place = motion.pose.split(3, dim=-1)
        return Motion(torch.cat([self.pose * angles, place], dim=-1), still + self.dynamics * (motion.dynamics - still))


@dataclass(frozen=True)
class LipsOnly:
    """Keeps what the lips do; the rest of the face and the head come from `rest`, a track whose last frame is held.

    rest: Motion [1, T, M]; one frame is a still face. With lips from a voice and `rest` from a video, this is dubbing.
    """

    handles: Handles
    rest: Motion

    def __call__(self, motion: Motion, first: int) -> Motion:
        pose, dynamics = (_from(part[0], motion, first) for part in (self.rest.pose, self.rest.dynamics))
        under = Motion(pose.expand_as(motion.pose), dynamics.expand_as(motion.dynamics))
        return self.handles.put(under, LIPS, self.handles.read(motion.dynamics, LIPS))


@dataclass(frozen=True)
class Blink:
    """Closes the eyes for a moment, at these frames."""

    handles: Handles
    at: Sequence[int]

    def __post_init__(self) -> None:
        if not isinstance(self.handles, Handles) or not isinstance(self.at, Sequence):
            raise ValueError("A Blink takes a pipeline's handles and a list of frames: Blink(pipe.handles, [25]).")

    def __call__(self, motion: Motion, first: int) -> Motion:
        closed = self._closing(motion, first)
        index = self.handles.group(BLINK)
        shut = self.handles.high[index].to(motion.dynamics)
        now = self.handles.read(motion.dynamics, BLINK)
        return self.handles.moved(motion, BLINK, closed * (shut - now).clamp_min(0))

    def _closing(self, motion: Motion, first: int) -> Tensor:
        """How far the lids are to be closed, [T, 1]."""
        frame = torch.arange(first, first + motion.length, device=motion.pose.device)
        since = rearrange(frame, "t -> t 1") - torch.tensor([*self.at, -len(CLOSING)], device=frame.device)
        curve = torch.tensor([*CLOSING, 0.0], device=frame.device)
        index = torch.where((since >= 0) & (since < len(CLOSING)), since, len(CLOSING))
        return curve[index].amax(-1, keepdim=True)


@dataclass(frozen=True)
class HoldGaze:
    """The eyes look one way while the head turns: at the camera, or along `gaze`, yaw and pitch in the camera frame.

    They turn in the head against it, as far as eyes reach.
    """

    handles: Handles
    gaze: tuple[float, float] = (0.0, 0.0)

    def __call__(self, motion: Motion, first: int) -> Motion:  # noqa: ARG002
        reach = motion.pose.new_tensor(EYES_REACH)
        eyes = eyes_in_head(motion.pose, motion.pose.new_tensor(self.gaze))
        return self.handles.put(motion, GAZE, torch.clamp(eyes, -reach, reach))


def eyes_in_head(pose: Tensor, gaze: Tensor) -> Tensor:
    """Yaw and pitch [..., 2] that eyes need in a head of this pose [..., 6] to look along a gaze of the camera, [2] or
    [..., 2]."""
    aim = direction(*gaze.unbind(-1))
    return gaze_along((rotation(*pose[..., :3].unbind(-1)).mT @ aim[..., None])[..., 0])


def _from(curve: Tensor, motion: Motion, first: int) -> Tensor:
    """The frames of a constant [N] or a curve [T, N] that belong to this piece, the last value held."""
    if curve.ndim == 1:
        return curve.to(motion.dynamics)
    index = torch.arange(first, first + motion.length).clamp_max(len(curve) - 1)
    return curve[index.to(curve.device)].to(motion.dynamics)
