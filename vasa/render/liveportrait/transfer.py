"""Another head's motion for this one, by LivePortrait's rules; each is a `vasa.transfer.Transfer`.

R, delta, s and t of a rule are head rotation, expression, scale and place; i is a frame, 0 the track's first frame,
s the source's picture. The first frame counts as neutral: what it already does is taken off the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import torch
from torch import Tensor

from vasa.geometry import angles, rotation
from vasa.render.liveportrait.keypoints import EYES, LIPS, POINTS, as_points, expression_for, seen_keypoints
from vasa.transfer import Transfer
from vasa.types import Motion, Portrait

Rule = TypeVar("Rule")
ALL = tuple(range(POINTS))
# What absolute transfer may overwrite, the rest being the shape of the face: points whole, then point and axis.
WHOLE, SINGLE = (1, 2, 6, *range(11, POINTS)), ((3, 1), (4, 1), (5, 2), (8, 2), (9, 1), (9, 2))


@dataclass(frozen=True)
class Relative:
    """Everything changes as in the track, from where it is in the source's picture.

    points: whose expression is delta_s + (delta_i - delta_0). taken: whose is delta_i as it comes. turns: R is
    R_s R_0^T R_i. grows: s is s_s s_i / s_0. moves: t is t_s + (t_i - t_0). What is not named stays the source's.
    """

    points: Sequence[int] = ALL
    taken: Sequence[int] = ()
    turns: bool = True
    grows: bool = True
    moves: bool = True

    @classmethod
    def of(cls, region: str) -> Self:
        """LivePortrait's rule for a region: all, pose, exp, lip or eyes; raises ValueError."""
        return _choose(region, {
            "all": cls(),
            "pose": cls(points=(), grows=False),
            "exp": cls(turns=False, grows=False, moves=False),
            "lip": cls(points=LIPS, turns=False, grows=False, moves=False),
            "eyes": cls(points=EYES, turns=False, grows=False, moves=False),
        })  # fmt: skip

    @classmethod
    def spoken(cls, region: str) -> Self:
        """JoyVASA's rule for generated motion, whose lips are right as they come: all, pose, exp or lip."""
        return _choose(region, {
            "all": cls(taken=LIPS),
            "pose": cls(points=()),
            "exp": cls(taken=LIPS, turns=False),
            "lip": cls(points=LIPS, turns=False),
        })  # fmt: skip

    def __call__(self, motion: Motion, first: Motion, portrait: Portrait) -> Motion:
        own = portrait.motion
        changed = own.dynamics + motion.dynamics - first.dynamics
        wanted = torch.where(among(numbers_of(self.points), changed), changed, own.dynamics)
        taken = among(numbers_of(self.taken), changed)
        return Motion(self._pose(motion.pose, first.pose, own.pose), torch.where(taken, motion.dynamics, wanted))

    def _pose(self, now: Tensor, first: Tensor, own: Tensor) -> Tensor:
        place = own[..., 3:] + (now - first)[..., 3:] * now.new_tensor([self.moves, self.moves, self.grows])
        return torch.cat([_turned(now, first, own) if self.turns else own[..., :3].expand_as(place), place], dim=-1)


@dataclass(frozen=True)
class Absolute:
    """Pose and some of the expression as they come, whatever the source's picture shows; the size stays the source's.

    numbers: which of the 63 numbers of expression are taken. poses: whether rotation and place are.
    """

    numbers: Sequence[int]
    poses: bool

    @classmethod
    def of(cls, region: str) -> Self:
        """LivePortrait's rule for a region: all, pose, exp, lip or eyes; raises ValueError."""
        free = (*numbers_of(WHOLE), *(3 * point + axis for point, axis in SINGLE))
        return _choose(region, {
            "all": cls(free, True), "pose": cls((), True), "exp": cls(free, False),
            "lip": cls(numbers_of(LIPS), False), "eyes": cls(numbers_of(EYES), False),
        })  # fmt: skip

    def __call__(self, motion: Motion, first: Motion, portrait: Portrait) -> Motion:  # noqa: ARG002
        own = portrait.motion
        head, size = (motion if self.poses else own).pose[..., :5], own.pose[..., 5:]
        pose = torch.cat([x.expand(*motion.pose.shape[:2], -1) for x in (head, size)], dim=-1)
        return Motion(pose, torch.where(among(self.numbers, own.dynamics), motion.dynamics, own.dynamics))


@dataclass(frozen=True)
class Amplified:
    """Another rule's motion made larger: key points go `factor` times as far from where they are in the picture."""

    transfer: Transfer
    factor: float

    def __call__(self, motion: Motion, first: Motion, portrait: Portrait) -> Motion:
        plain = self.transfer(motion, first, portrait)
        still = seen_keypoints(portrait.identity, portrait.motion).repeat_interleave(motion.length, dim=0)
        return reaching(torch.lerp(still, seen_keypoints(portrait.identity, plain), self.factor), plain, portrait)


def reaching(goal: Tensor, motion: Motion, portrait: Portrait) -> Motion:
    """The same pose with the expression that brings the portrait's key points to a goal [B * T, 21, 3]."""
    canonical = as_points(portrait.identity.repeat_interleave(motion.length, dim=0))
    expression = expression_for(goal, canonical, motion.frames()[:, :6])
    return Motion(motion.pose, expression.view_as(motion.dynamics))


def _turned(now: Tensor, first: Tensor, own: Tensor) -> Tensor:
    """R_s R_0^T R_i as yaw, pitch, roll [B, T, 3]: a head that turns from its own pose as another from its first."""
    source, start, moved = (rotation(*pose[..., :3].unbind(-1)) for pose in (own, first, now))
    return torch.stack(angles(source @ start.mT @ moved), dim=-1)


def numbers_of(points: Sequence[int]) -> tuple[int, ...]:
    """Which of the 63 numbers of expression belong to these key points."""
    return tuple(3 * point + axis for point in points for axis in range(3))


def among(numbers: Sequence[int], like: Tensor) -> Tensor:
    """[63]: true for the numbers of expression that are named."""
    mask = torch.zeros(3 * POINTS, dtype=torch.bool, device=like.device)
    mask[list(numbers)] = True
    return mask


def _choose(region: str, rules: dict[str, Rule]) -> Rule:
    if region not in rules:
        raise ValueError(f"There is no region {region!r}; there are: {', '.join(rules)}.")
    return rules[region]
