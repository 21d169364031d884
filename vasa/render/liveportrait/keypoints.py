"""21 key points: how head pose and expression move them, and vasa's pose in place of LivePortrait's own.

LivePortrait's axes: x to the right, y down, z into the picture, so yaw, pitch and roll count the other way round than
in `vasa.geometry`; angles here are vasa's. Expression is added after the rotation: it lies along the picture's axes.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor

from vasa.geometry import rotation
from vasa.types import Motion

POINTS = 21
LIPS = (6, 12, 14, 17, 19, 20)
EYES = (11, 13, 15, 16, 18)
_HALF_TURN = (1.0, -1.0, -1.0)  # about x: between LivePortrait's axes and those of `vasa.geometry`


def keypoints(canonical: Tensor, pose: Tensor, expression: Tensor) -> Tensor:
    """x = s (R x_c + expression) + (x, y, 0): canonical [N, 21, 3], pose [N, 6], expression [N, 63] -> [N, 21, 3]."""
    flip = canonical.new_tensor(_HALF_TURN)
    turned = flip * ((flip * canonical) @ rotation(*pose[:, :3].unbind(-1)).mT)
    scale, shift = pose[:, None, 5:].exp(), torch.nn.functional.pad(pose[:, None, 3:5], (0, 1))
    return scale * (turned + as_points(expression)) + shift


def expression_for(points: Tensor, canonical: Tensor, pose: Tensor) -> Tensor:
    """The expression that brings key points to these places under this pose; inverse of `keypoints`: [N, 63]."""
    still = keypoints(canonical, pose, canonical.new_zeros(len(canonical), 3 * POINTS))
    return rearrange((points - still) / pose[:, None, 5:].exp(), "n k i -> n (k i)")


def seen_keypoints(canonical: Tensor, motion: Motion) -> Tensor:
    """Key points of every frame: canonical [B, 63] -> [B * T, 21, 3], frames of a batch one after another."""
    frames = motion.frames().float()
    once_a_frame = canonical.float().repeat_interleave(motion.length, dim=0)
    return keypoints(as_points(once_a_frame), frames[:, :6], frames[:, 6:])


def as_points(flat: Tensor) -> Tensor:
    """[N, 63], point by point -> [N, 21, 3]."""
    return rearrange(flat, "n (k i) -> n k i", i=3)
