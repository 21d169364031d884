"""Eyes and lips of a face opened by measure, through the retargeting perceptrons (Guo et al., 2024, section 3.3).

What they add to key points was learned from the source's own: x_s + R(x_s; was, wanted). So the points of what is
opened are put back to where the source has them first; the rest of the face and the head go on moving.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from einops import rearrange, repeat
from torch import Tensor

from vasa.render.liveportrait.keypoints import EYES, LIPS, seen_keypoints
from vasa.render.liveportrait.retargeting import Retargeting
from vasa.render.liveportrait.transfer import among, numbers_of
from vasa.render.openness import Openness
from vasa.types import Motion, Portrait


def opened(
    heads: Retargeting, portrait: Portrait, motion: Motion, was: Openness, eyes: Tensor | None, lips: Tensor | None
) -> Motion:
    """The motion [B, T, M] with eyes and lips open as far as asked, [B, T] each; None leaves them as they are."""
    asked = [(EYES, heads.eye_offset, was.eyes, eyes), (LIPS, heads.lip_offset, was.lips, lips)]
    found = [(points, add(*_told(portrait, now, goal))) for points, add, now, goal in asked if goal is not None]
    resting = _resting(motion, portrait, [point for points, _ in found for point in points])
    return reduce(lambda moved, one: _shifted(moved, portrait, one[1]), found, resting)


def with_lips_closed(heads: Retargeting, portrait: Portrait, motion: Motion, was: Openness) -> Motion:
    """The motion [B, T, M] from closed lips on; LivePortrait closes them after stitching, here stitching sees it."""
    still = seen_keypoints(portrait.identity, portrait.motion)
    offset = heads.closed_lips(still, was.lips.to(still))
    return _shifted(motion, portrait, repeat(offset, "b k i -> (b t) k i", t=motion.length))


def _told(portrait: Portrait, was: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What a perceptron is told for every frame, [B * T, ...] each: the source's key points, was and wanted."""
    still = seen_keypoints(portrait.identity, portrait.motion)
    source, before = (repeat(x, "b ... -> (b t) ...", t=wanted.shape[1]) for x in (still, was.to(still)))
    return source, before, rearrange(wanted.to(still), "b t -> (b t) 1")


def _resting(motion: Motion, portrait: Portrait, points: Sequence[int]) -> Motion:
    """These points as they are in the source's picture."""
    own = among(numbers_of(points), motion.dynamics)
    return Motion(motion.pose, torch.where(own, portrait.motion.dynamics, motion.dynamics))


def _shifted(motion: Motion, portrait: Portrait, offset: Tensor) -> Motion:
    """Key points moved by [B * T, 21, 3], told in the source's size, so that a head that comes nearer opens as far."""
    change = rearrange(offset, "(b t) k i -> b t (k i)", t=motion.length)
    return Motion(motion.pose, motion.dynamics + change / portrait.motion.pose[..., 5:].exp())
