"""Voices move a head about straight ahead; a portrait's own head may be turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vasa.motion.handles import GAZE, Handles
from vasa.placing import ANGLES, PLACE
from vasa.transfer import KeepPlace
from vasa.types import Motion, Portrait

_EYES = (f"{GAZE} yaw", f"{GAZE} pitch")


@dataclass(frozen=True)
class StayNear:
    """`KeepPlace`, and a head that its picture shows turned stays turned, all but for `reach`: the default for voices.

    Voices give angles about those of a head that looks ahead. What a picture does not show, the far side of a head that
    is turned by 30 degrees, no renderer knows: so all angles are shifted by what the portrait's own, yaw, pitch and
    roll, go beyond `reach` [3], radians, and a head that comes farther back than that slows down and stops at half as
    much again. Eyes turn against it by the same yaw and pitch, so that they look where they would have, as far as
    `handles` say that eyes go; without handles of both they stay in the head. origin: see `KeepPlace`. Our choice;
    VASA-1 takes angles as they come.
    """

    origin: Sequence[float]
    reach: Sequence[float] = (0.12, 0.12, 0.12)
    handles: Handles | None = None

    def __call__(self, motion: Motion, first: Motion, portrait: Portrait) -> Motion:
        kept = KeepPlace(self.origin)(motion, first, portrait)
        own = portrait.motion.pose[0, 0, ANGLES]
        reach = own.new_tensor(self.reach)
        turned = own - own.clamp(-reach, reach)
        if not bool(turned.any()):
            return kept
        angles = slowed(kept.pose[..., ANGLES] + turned.to(kept.pose), own.to(kept.pose), reach.to(kept.pose))
        pose = torch.cat([angles, kept.pose[..., PLACE]], dim=-1)
        return self._looking(Motion(pose, kept.dynamics), turned[:2])

    def _looking(self, motion: Motion, turned: Tensor) -> Motion:
        """With eyes turned back by yaw and pitch [2]."""
        if self.handles is None or not set(_EYES) <= set(self.handles.names):
            return motion
        for name, angle in zip(_EYES, turned, strict=True):
            now = self.handles.read(motion.dynamics, name)
            low, high = (limit[self.handles.group(name)].to(now) for limit in (self.handles.low, self.handles.high))
            wanted = (now - angle.to(now)).clamp(torch.minimum(low, now), torch.maximum(high, now))
            motion = self.handles.put(motion, name, wanted)
        return motion


def slowed(angles: Tensor, own: Tensor, reach: Tensor) -> Tensor:
    """Angles [..., 3], each of which comes back from the portrait's own [3], where that is beyond `reach` [3], by that
    much and at most half of it more."""
    back = (own - angles) * own.sign()
    more = reach / 2 * torch.tanh((back - reach) / (reach / 2))
    late = (own.abs() > reach) & (back > reach)
    return torch.where(late, own - own.sign() * (reach + more), angles)
