"""Where the head is in the picture: motion from elsewhere must not make a face jump or grow."""

from __future__ import annotations

import torch
from torch import Tensor

from vasa.space import MotionSpace
from vasa.types import Motion

ANGLES, PLACE = slice(0, 3), slice(3, 6)  # yaw, pitch, roll and x, y, log scale in `Motion.pose`


def usual_place(space: MotionSpace) -> Tensor:
    """x, y, log scale of the head on average: [3]."""
    return torch.tensor(space.mean[PLACE])


def keep_place(motion: Motion, origin: Tensor, home: Tensor) -> Motion:
    """The track moved so that a head at `origin` is at `home`, both x, y, log scale [3].

    Angles stay as they are.
    """
    shift = torch.cat([home.new_zeros(PLACE.start), home - origin.to(home)])
    return Motion(motion.pose + shift, motion.dynamics)
