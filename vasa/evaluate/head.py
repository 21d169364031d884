"""Whether the head does what it is asked, and how steadily."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def jitter(angles: Tensor) -> float:
    """How much a head trembles: root mean square second difference of angles [T, 3], in degrees."""
    return math.degrees(angles.diff(n=2, dim=0).square().nanmean().sqrt().item())


def pose_variation(angles: Sequence[Tensor]) -> float:
    """dP (VASA-1, 4.1): mean absolute change of yaw, pitch and roll [T, 3] from frame to frame, in degrees.

    The paper names neither unit nor angles; its numbers, 0.2 to 0.5, fit this.
    """
    return float(torch.cat([one.diff(dim=0).abs().flatten() for one in angles]).nanmean().rad2deg())


def obedience(measured: dict[float, float]) -> float:
    """Largest miss in degrees: asked yaw offset -> measured mean yaw, both in degrees; an offset of 0 is among them."""
    if 0.0 not in measured:
        raise ValueError(f"What is measured when nothing is asked has to be among the offsets; got {sorted(measured)}.")
    return max(abs(seen - measured[0.0] - asked) for asked, seen in measured.items())
