"""Gives an avatar another head: FaceKit's modes of shape as a smooth motion of the space that the head is in.

Lids and lips stay fitted because what an expression moves goes through the same motion of space as what it moves to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from einops import rearrange
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import map_coordinates

from vasa.people.avatar import EXPRESSION_INDEX, Avatar
from vasa.people.facekit import ShapeModel
from vasa.people.landmarks import anchors
from vasa.people.rigging import frame

_EYE = 1  # index into KINDS
_LIDS = (slice(42, 48), slice(36, 42))  # landmarks around the left and the right eye
_REACH = (1.25, 2.0)  # eyeball radii: nearer is bound to the eyeball, farther is free of it
_STEP = 0.02  # canonical units, of a finite difference
_MAP_CELL = 0.12  # canonical units, of the map from the avatar into FaceKit's head
_STILL = 1e-6

Move = Callable[[np.ndarray, np.ndarray], np.ndarray]  # points [N, 3] and shares [N, 1] to where they go [N, 3]


@dataclass(frozen=True)
class Field:
    """A motion of space in canonical units, as two lattices: where a place is in FaceKit's head, and how that moves."""

    corner: np.ndarray  # [3] of the map
    places: np.ndarray  # [X, Y, Z, 3] centimetres
    model: ShapeModel
    motion: np.ndarray  # [X, Y, Z, 3] canonical units

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Motion [N, 3] of points [N, 3]."""
        there = _sample(self.places, (points - self.corner) / _MAP_CELL)
        return _sample(self.motion, (there - self.model.corner) / self.model.cell)


@dataclass(frozen=True)
class Eyeball:
    """A ball before and after; the lids keep their distance from it, in radii."""

    centre: np.ndarray
    radius: float
    centre_after: np.ndarray
    radius_after: float

    def fit(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """`after`, where it is near the ball put as many radii away from it as `before` was: [N, 3]."""
        away = np.linalg.norm(before - self.centre, axis=-1, keepdims=True)
        out = after - self.centre_after
        radii = away / self.radius
        bound = self.centre_after + out * (radii * self.radius_after / np.linalg.norm(out, axis=-1, keepdims=True))
        free = np.clip((radii - _REACH[0]) / (_REACH[1] - _REACH[0]), 0, 1)
        free = free * free * (3 - 2 * free)
        return bound + free * (after - bound)


def reshape(avatar: Avatar, model: ShapeModel, shape: np.ndarray) -> Avatar:
    """An avatar of VALID's layout with this shape of head: coefficients [MODES], in standard deviations.

    Neck and clothes move less and less; eyeballs stay balls. Canonical units and origin are the new head's own.
    """
    where = _landmarks(avatar)
    space = _field(where, model, shape)
    share = np.clip(avatar.weights[:, [0, 2, 3]].sum(1) + 0.5 * avatar.weights[:, 1], 0, 1)[:, None]
    balls = [_eyeball(avatar, space, where, side) for side in (0, 1)]

    def move(points: np.ndarray, amount: np.ndarray) -> np.ndarray:
        after = points + amount * space(points)
        for ball in balls:
            after = ball.fit(points, after)
        return after

    points = move(avatar.points.astype(np.float64), share)
    joints = avatar.joints.astype(np.float64)
    for side, ball in enumerate(balls):
        mine = (avatar.kind == _EYE) & (avatar.weights[:, 2 + side] > 0.5)
        points[mine] = ball.centre_after + (avatar.points[mine] - ball.centre) * (ball.radius_after / ball.radius)
        joints[2 + side] = ball.centre_after
    shifts = _shifts(avatar, points, share, move)
    turn = _turning(avatar, share, move)
    moving = avatar.shifts.shape[1]
    changed = replace(
        avatar,
        points=points,
        normals=_unit(np.einsum("vij,vj->vi", turn, avatar.normals)).astype(np.float32),
        shifts=shifts,
        turns=np.einsum("vij,evj->evi", turn[:moving].astype(np.float32), avatar.turns),
        joints=joints,
    )
    return _framed(changed)


def _landmarks(avatar: Avatar) -> np.ndarray:
    hung = anchors(avatar)
    return np.einsum("lk,lkc->lc", hung.shares, avatar.points[hung.vertices].astype(np.float64))


def _field(where: np.ndarray, model: ShapeModel, shape: np.ndarray) -> Field:
    """The field of a head with landmarks [68, 3]: thin plates of three dimensions carry it into FaceKit's."""
    corner, end = np.array([-1.3, -1.6, -1.2]), np.array([1.3, 1.5, 1.1])
    axes = [np.arange(low, high + _MAP_CELL, _MAP_CELL) for low, high in zip(corner, end, strict=True)]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    plates = RBFInterpolator(where, model.landmarks.astype(np.float64), kernel="linear", degree=1, smoothing=1e-3)
    places = rearrange(
        plates(rearrange(nodes, "x y z c -> (x y z) c")), "(x y z) c -> x y z c", x=len(axes[0]), y=len(axes[1])
    )
    unit = np.linalg.norm(where - where.mean(0)) / np.linalg.norm(model.landmarks - model.landmarks.mean(0))
    return Field(corner, places, model, unit * model.lattice(shape))


def _sample(lattice: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Values [N, C] of a lattice [X, Y, Z, C] between its nodes; beyond its rim as on it."""
    columns = [map_coordinates(lattice[..., c], at.T, order=1, mode="nearest") for c in range(lattice.shape[-1])]
    return np.stack(columns, axis=-1)


def _eyeball(avatar: Avatar, space: Field, where: np.ndarray, side: int) -> Eyeball:
    """Moved and scaled as the rims of its lids are."""
    rim, centre = where[_LIDS[side]], avatar.joints[2 + side].astype(np.float64)
    mine = (avatar.kind == _EYE) & (avatar.weights[:, 2 + side] > 0.5)
    radius = float(np.median(np.linalg.norm(avatar.points[mine] - centre, axis=1)))
    after = rim + space(rim)
    scale = float(np.clip(np.ptp(after[:, 0]) / np.ptp(rim[:, 0]), 0.85, 1.15))
    moved = after.mean(0) + scale * (centre - rim.mean(0))
    return Eyeball(centre, radius, moved, scale * radius)


def _shifts(avatar: Avatar, points: np.ndarray, share: np.ndarray, move: Move) -> np.ndarray:
    """Blendshapes [E, M, 3] that end where space carries their old ends."""
    which, vertex = np.nonzero(np.abs(avatar.shifts).max(-1) > _STILL)
    ends = avatar.points[vertex].astype(np.float64) + avatar.shifts[which, vertex]
    shifts = np.zeros_like(avatar.shifts, dtype=np.float64)
    shifts[which, vertex] = move(ends, share[vertex]) - points[vertex]
    return shifts


def _turning(avatar: Avatar, share: np.ndarray, move: Move) -> np.ndarray:
    """Inverse transposed derivative of the motion at each vertex [V, 3, 3]: it carries normals."""
    ahead, back = (
        np.stack([move(avatar.points + sign * _STEP * axis, share) for axis in np.eye(3)], axis=-1) for sign in (1, -1)
    )
    return np.linalg.inv((ahead - back) / (2 * _STEP)).transpose(0, 2, 1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _framed(avatar: Avatar) -> Avatar:
    """The avatar in canonical units about the canonical origin."""
    opening = np.zeros_like(avatar.points)
    opening[: avatar.shifts.shape[1]] = avatar.shifts[EXPRESSION_INDEX["MouthOpen"]]
    origin, unit = frame(avatar.points, avatar.kind, opening, avatar.joints, avatar.lips)
    return replace(
        avatar,
        points=((avatar.points - origin) / unit).astype(np.float32),
        joints=((avatar.joints - origin) / unit).astype(np.float32),
        shifts=(avatar.shifts / unit).astype(np.float32),
    )
