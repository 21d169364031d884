"""What JoyVASA's numbers mean: from its 73 normalised channels to the motion that they stand for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from vasa.types import Motion

EXPRESSION = 63  # 21 points x (x, y, z), in picture-aligned axes
PLACED = {"scale": 1, "t": 3, "pitch": 1, "yaw": 1, "roll": 1}  # numbers each has, in their order
POSE = sum(PLACED.values())
LEAST_SCALE = 0.01  # smaller ones, which only an untrained network makes, have no logarithm worth the name


class Template(nn.Module):
    """value = offset + spread * channel, for the first 70 channels; the rest stand for nothing known.

    Expression has mean and standard deviation, scale, translation and angles (degrees) minimum and range.
    """

    offset: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("offset", torch.zeros(EXPRESSION + POSE))
        self.register_buffer("spread", torch.ones(EXPRESSION + POSE))

    def forward(self, channels: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T, 73] -> expression [B, T, 63] and pose [B, T, 7]: scale, t x, y, z, pitch, yaw, roll in degrees."""
        values = self.offset + self.spread * channels[..., : EXPRESSION + POSE]
        return values[..., :EXPRESSION], values[..., EXPRESSION:]


def statistics(template: Mapping[str, np.ndarray], place: object) -> dict[str, Tensor]:
    """A `Template`'s buffers; raises ValueError, naming the file `place`, where numbers are missing or senseless."""
    low = {"mean_exp": EXPRESSION} | {f"min_{name}": size for name, size in PLACED.items()}
    high = {"std_exp": EXPRESSION} | {f"max_{name}": size for name, size in PLACED.items()}
    wrong = [n for n, size in (low | high).items() if n not in template or np.size(template[n]) != size]
    if wrong:
        raise ValueError(f"{place} is not JoyVASA's template: {', '.join(wrong)} is missing or of another size.")
    offset, top = (np.concatenate([np.ravel(template[name]) for name in names]) for names in (low, high))
    spread = np.concatenate([top[:EXPRESSION], top[EXPRESSION:] - offset[EXPRESSION:]])
    if not (np.isfinite(offset).all() and np.isfinite(spread).all() and (spread > 0).all()):
        raise ValueError(f"{place} is not JoyVASA's template: some spread in it is not above zero.")
    return {"offset": torch.from_numpy(offset).float(), "spread": torch.from_numpy(spread).float()}


def as_motion(expression: Tensor, pose: Tensor) -> Motion:
    """LivePortrait's values [B, T, 63] and [B, T, 7] -> `Motion`.

    LivePortrait turns by Rz(roll) Ry(yaw) Rx(pitch) in picture axes, y down and z into the picture. Half a turn about x
    makes them vasa's head frame, in which all three angles change sign. x and y have the same units in both; the depth
    t z is left out, as LivePortrait leaves it out.
    """
    scale, x, y, _, pitch, yaw, roll = pose.unbind(-1)
    turned = [-torch.deg2rad(angle) for angle in (yaw, pitch, roll)]
    return Motion(torch.stack([*turned, x, y, scale.clamp_min(LEAST_SCALE).log()], dim=-1), expression)
