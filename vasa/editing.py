"""Editing motion and faces: pose, dynamics and identity swapped between people, mixed and changed.

A face is a `Portrait`, what it does a `Motion`; showing one person's motion on another's portrait swaps identity. All
of it holds between values of one renderer, whose canonical volumes lie on each other and whose latents mean the same.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import torch
from einops import repeat
from torch import Tensor

from vasa.geometry import POSE
from vasa.types import Motion, Portrait

Value = TypeVar("Value", Motion, Portrait)


def with_pose(motion: Motion, other: Motion) -> Motion:
    """The head pose of another motion, the dynamics as they are; a single frame of either holds for all of the other's.

    Raises ValueError where lengths or faces differ otherwise.
    """
    length, faces = max(motion.length, other.length), max(motion.batch_size, other.batch_size)
    return Motion(_held(other.pose, faces, length), _held(motion.dynamics, faces, length))


def with_dynamics(motion: Motion, other: Motion) -> Motion:
    """The facial dynamics of another motion, the head pose as it is; see `with_pose`."""
    return with_pose(other, motion)


def swap(left: Motion, right: Motion) -> tuple[Motion, Motion]:
    """Each with the other's head pose and its own dynamics."""
    return with_pose(left, right), with_pose(right, left)


def turned(motion: Motion, **change: float | Tensor) -> Motion:
    """Motion with yaw, pitch, roll (radians), x, y (crop units) or log_scale changed by a number or a curve [T].

    Raises ValueError for another name.
    """
    if unknown := change.keys() - set(POSE):
        raise ValueError(f"A head pose has no {', '.join(sorted(unknown))}; it has {', '.join(POSE)}.")
    added = torch.zeros_like(motion.pose)
    for name, amount in change.items():
        added[..., POSE.index(name)] = torch.as_tensor(amount, dtype=added.dtype, device=added.device)
    return replace(motion, pose=motion.pose + added)


def lerp(left: Value, right: Value, amount: float | Tensor) -> Value:
    """On the straight way from left (amount 0) to right (1): motions, by a number or a curve [T]; faces, by a number.

    Portraits are mixed in every part, so their pictures should be cropped alike, as `vasa.face` crops. Raises
    ValueError where sizes differ.
    """
    share = torch.as_tensor(amount)
    if isinstance(left, Motion) and share.ndim == 1:
        share = share[:, None]
    return _mixed(left, right, share)


def _mixed(left: Value, right: Value, share: Tensor) -> Value:
    names = [f.name for f in fields(left)]
    mixed: dict[str, Any] = {name: _between(getattr(left, name), getattr(right, name), share) for name in names}
    return replace(left, **mixed)


def _between(left: Motion | Tensor | None, right: Motion | Tensor | None, share: Tensor) -> Motion | Tensor | None:
    if isinstance(left, Motion) and isinstance(right, Motion):
        return _mixed(left, right, share)
    if left is None or right is None:
        return None
    assert isinstance(left, Tensor)
    assert isinstance(right, Tensor)
    if left.shape != right.shape:
        raise ValueError(f"What is mixed has one size; got {tuple(left.shape)} and {tuple(right.shape)}.")
    return left + share.to(left) * (right - left)


def _held(track: Tensor, faces: int, length: int) -> Tensor:
    if track.shape[0] not in (1, faces) or track.shape[1] not in (1, length):
        raise ValueError(
            f"Motion of {track.shape[0]} faces and {track.shape[1]} frames does not go with {faces} faces and {length} "
            "frames; cut the longer one, or take a single frame."
        )
    rows = track if track.shape[0] == faces else repeat(track, "1 t m -> b t m", b=faces)
    return rows if rows.shape[1] == length else repeat(rows, "b 1 m -> b t m", t=length)
