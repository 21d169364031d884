"""Shapes that a head can take: a linear mix over avatars, known first at the landmarks and then at every vertex.

A landmark is a point that hangs on three vertices, each moved by several parts of the rig. For every part the sum of
the shares that it moves is kept, so that shape and expression stay linear: [68, 5, 4], parts as in `rig.Placement`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from einops import rearrange

from vasa.people.avatar import Avatar
from vasa.people.landmarks import anchors
from vasa.people.mixing import borrowed, partners


@dataclass(frozen=True)
class Hung:
    """The landmarks of an avatar, ready to be posed."""

    still: np.ndarray  # [68, 5, 4]
    moves: np.ndarray  # [E, 68, 5, 4]


class ShapeSpace(Protocol):
    """Directions in which a head's shape may go; coefficients of 1 are as common as not."""

    mean: Hung
    directions: np.ndarray  # [K, 68, 5, 4]

    def apply(self, body: Avatar, coefficients: np.ndarray) -> Avatar:
        """`body` in the shape of these coefficients [K]: points, expressions and joints."""
        ...


class AvatarShapes:
    """The linear mixes of some avatars, along the axes in which their landmarks differ most.

    Raises ValueError for fewer than three avatars.
    """

    def __init__(self, avatars: Sequence[Avatar], *, axes: int = 12) -> None:
        if len(avatars) < 3:
            raise ValueError(f"Shapes are mixed of at least 3 avatars; got {len(avatars)}.")
        self._avatars = avatars
        hung = [hang(avatar) for avatar in avatars]
        still = np.stack([h.still for h in hung])
        self.mean = Hung(still.mean(0), np.mean([h.moves for h in hung], axis=0))
        rows = rearrange(still - self.mean.still, "n l p c -> n (l p c)")
        left, sizes, _ = np.linalg.svd(rows, full_matrices=False)
        count = min(axes, len(avatars) - 1)
        # Coefficient 1 is one standard deviation; an axis is a weighted sum of the avatars' differences to the mean.
        self._blends = (left[:, :count] * np.sqrt(len(avatars)) / sizes[:count]).T * sizes[:count, None] / len(avatars)
        self.coefficients = left[:, :count] * np.sqrt(len(avatars))  # [N, K] of the avatars themselves
        self.directions = rearrange(self._blends @ rows, "k (l p c) -> k l p c", p=5, c=4)

    def apply(self, body: Avatar, coefficients: np.ndarray) -> Avatar:
        count = len(self._avatars)
        weights = coefficients @ self._blends
        return blend(body, self._avatars, weights + (1 - weights.sum()) / count)


def hang(avatar: Avatar) -> Hung:
    """The landmarks of an avatar by the parts that move them."""
    hung = anchors(avatar)
    weights = avatar.weights[hung.vertices]
    share = hung.shares[..., None] * np.concatenate([weights, 1 - weights.sum(-1, keepdims=True)], axis=-1)
    moving = avatar.shifts.shape[1]
    shifts = avatar.shifts[:, np.minimum(hung.vertices, moving - 1)] * (hung.vertices < moving)[..., None]
    still = np.einsum("lkp,lkc->lpc", share, np.insert(avatar.points[hung.vertices], 3, 1.0, axis=-1))
    moves = np.einsum("lkp,elkc->elpc", share, np.insert(shifts, 3, 0.0, axis=-1))
    return Hung(still, moves)


def blend(body: Avatar, others: Sequence[Avatar], weights: np.ndarray) -> Avatar:
    """`body` with the head of a weighted sum of others, weights [N] of sum 1; hair and textures are its own."""
    head = np.clip(body.weights[:, [0, 2, 3]].sum(1), 0, 1)
    moving = body.shifts.shape[1]
    points, normals = body.points.astype(np.float64), body.normals.astype(np.float64)
    shifts, turns, joints = body.shifts.copy(), body.turns.copy(), body.joints.astype(np.float64)
    for other, weight in zip(others, weights, strict=True):
        match, found = partners(body, other)
        away = (other.points[match] - body.points) * head[:, None]
        away[~found] = borrowed(body, away, found)
        amount = np.where(found, weight * head, 0.0)
        points += weight * away
        normals += amount[:, None] * (other.normals[match] - body.normals)
        joints[2:] += weight * (other.joints[2:] - body.joints[2:])
        limit, partner = other.shifts.shape[1], match[:moving]
        share = amount[:moving, None].astype(np.float32)
        lent = np.minimum(partner, limit - 1), (partner < limit)[:, None]
        shifts += share * (other.shifts[:, lent[0]] * lent[1] - body.shifts)
        turns += share * (other.turns[:, lent[0]] * lent[1] - body.turns)
    return replace(
        body,
        points=points.astype(np.float32),
        normals=(normals / np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-6)).astype(np.float32),
        shifts=shifts,
        turns=turns,
        joints=joints.astype(np.float32),
    )
