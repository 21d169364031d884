"""A closeup's first steps, found by least squares where labels say how skin moves."""

from __future__ import annotations

import torch
from einops import rearrange, reduce
from torch import Tensor

from vasa.render.closeup import surface
from vasa.render.closeup.drawing import seen_places
from vasa.render.closeup.network import Closeup
from vasa.render.meaning import Meaning
from vasa.render.rebase import regressed

_RIDGE = 0.01  # of the variance of each latent


@torch.no_grad()
def begin(closeup: Closeup, meaning: Meaning, place: Tensor, pose: Tensor, labels: Tensor) -> None:
    """Give a closeup the basis that fits best: N groups of n frames of a clip, place maps [N, n, 5, h, w], poses
    [N, n, 6] and labels [N, n, E].

    Where a frame shows the canonical place P(q) at the place q of the surface, what lies there came from P(q) - q away,
    and a driver d of a source s looks P_d(q) - P_s(q) aside, to first order. That is regressed on the latents, both
    about their means in each group, because faces differ in where their parts lie. Poses take part because no face lies
    quite on the surface, and because eyes turn against heads.

    Raises ValueError where there are fewer frames than latents.
    """
    groups, count = pose.shape[:2]
    latents = torch.cat([pose, meaning.dynamics_of(labels)], dim=2)
    rows, columns = closeup.basis.shape[2:]
    at = surface.places(rows, columns, closeup.basis).expand(groups * count, -1, -1, -1)
    where = seen_places(rearrange(place, "b n ... -> (b n) ..."), at, rearrange(latents, "b n m -> (b n) m"))
    head = rearrange(where[:, 3:] > 0.99, "(b n) i h w -> b n i h w", n=count)
    moved = rearrange(where[:, :2], "(b n) i h w -> b n i h w", n=count)
    middle = reduce(moved * head, "b n i h w -> b 1 i h w", "sum") / head.sum(1, keepdim=True).clamp_min(1)
    moved = rearrange((moved - middle) * head, "b n i h w -> (b n) (i h w)").double()
    change = rearrange(latents - latents.mean(1, keepdim=True), "b n m -> (b n) m").double()
    usual = change.std(0).clamp_min(1e-6)
    basis = regressed(change / usual, moved, ridge=_RIDGE)[0].mT / usual[:, None] / closeup.STEP
    closeup.basis.copy_(rearrange(basis, "m (i h w) -> m i h w", i=2, h=rows))
