"""What callers give to a renderer, looked at before anything is computed."""

from __future__ import annotations

import torch
from torch import Tensor

from vasa.space import MotionSpace
from vasa.types import Motion, Portrait

ROUNDING = 1e-3  # what filters and half precision may add to a value in [0, 1]


def check_picture(image: Tensor, size: int) -> None:
    """Raise ValueError unless pictures [..., 3, H, W] are of this many pixels a side and hold numbers in [0, 1]."""
    if image.shape[-3:] != (3, size, size):
        raise ValueError(
            f"This renderer takes pictures of 3 x {size} x {size}; got "
            f"{' x '.join(map(str, image.shape[-3:]))}. `vasa.face` crops and resizes."
        )
    if not image.is_floating_point():
        raise ValueError(f"Pictures hold numbers in [0, 1]; got {image.dtype}: convert them, and divide bytes by 255.")
    if image.is_meta or torch.compiler.is_exporting():  # no numbers to look at
        return
    low, high = image.aminmax()
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):
        raise ValueError(
            f"Pictures hold numbers in [0, 1]; got {float(low):.4g} to {float(high):.4g}. Divide bytes by 255, and map "
            "[-1, 1] by (x + 1) / 2."
        )


def check_motion(motion: Motion, space: MotionSpace, portrait: Portrait) -> None:
    """Raise ValueError unless motion has the numbers of this space, for as many faces as the portrait."""
    if motion.dynamics.shape[-1] != space.dynamics:
        raise ValueError(
            f"This motion has {motion.dynamics.shape[-1]} dynamics a frame, the renderer's space is {space}; motion is "
            "shown by a renderer of its own space."
        )
    if motion.batch_size != portrait.volume.shape[0]:
        raise ValueError(
            f"Got {portrait.volume.shape[0]} portraits and motion of {motion.batch_size} faces; give one for each."
        )


def check_portrait(portrait: Portrait, *, volume: tuple[int, ...], identity: int, size: int) -> None:
    """Raise ValueError unless a portrait has this renderer's volume (C, D, H, W), identity code and picture size."""
    found = tuple(portrait.volume.shape[1:]), portrait.identity.shape[-1], portrait.picture.shape[-1]
    if found != (volume, identity, size):
        raise ValueError(
            f"This portrait is another renderer's: its volume, identity code and picture have the sizes {found}, this "
            f"renderer's {(volume, identity, size)}. Encode the picture again with this renderer."
        )
