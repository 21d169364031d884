"""LivePortrait's "expression-friendly" motion: another face's changes in the size of this one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import repeat
from scipy.spatial import ConvexHull
from torch import Tensor

from vasa.render.liveportrait.keypoints import seen_keypoints
from vasa.render.liveportrait.transfer import reaching
from vasa.transfer import Transfer
from vasa.types import Motion, Portrait


@dataclass(frozen=True)
class HullMatched:
    """Another rule's key points as they change from its first frame, times `hull_ratio`, from where the picture's are.

    x_s + m (x_i - x_0), m the ratio of x_s to x_0. Under `Relative.of`, where x_0 is x_s, m is 1 and nothing changes;
    it is for rules that take something as it comes, such as `Absolute` and `Relative.spoken`.
    """

    transfer: Transfer

    def __call__(self, motion: Motion, first: Motion, portrait: Portrait) -> Motion:
        plain = self.transfer(motion, first, portrait)
        still = seen_keypoints(portrait.identity, portrait.motion)
        start = seen_keypoints(portrait.identity, self.transfer(first, first, portrait))
        m = hull_ratio(still, start)[:, None, None]
        rest, m = (repeat(x, "b k i -> (b t) k i", t=motion.length) for x in (still - m * start, m))
        return reaching(rest + m * seen_keypoints(portrait.identity, plain), plain, portrait)


def hull_ratio(points: Tensor, others: Tensor) -> Tensor:
    """Square root of how many times the convex hull of `others` goes into that of `points`: [B, 21, 3] both -> [B]."""
    volumes = [[ConvexHull(cloud).volume for cloud in side.double().cpu().numpy()] for side in (points, others)]
    own, other = torch.tensor(volumes, dtype=points.dtype, device=points.device)
    return (own / other).sqrt()
