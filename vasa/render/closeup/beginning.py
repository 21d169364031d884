"""A closeup's first steps, found by least squares where labels say how skin moves, and how its eyes turn."""

from __future__ import annotations

import torch
from einops import rearrange, reduce
from torch import Tensor

from vasa.geometry import POSE
from vasa.render.closeup import surface
from vasa.render.closeup.drawing import seen_places
from vasa.render.closeup.network import Closeup
from vasa.render.meaning import Meaning
from vasa.render.rebase import regressed

_RIDGE = 0.01  # of the variance of each latent
_RADIUS = 0.075  # canonical, of an eyeball: 12 mm, where eyes are 63 mm apart and 0.39
_DEPTH = 0.022  # canonical: how far eyeballs lie behind the surface that faces share
FARTHER = 1.3  # times as far as geometry says
YAW, PITCH = -5, -4  # of the eyes among the labels, see `vasa.data.film.expression`


@torch.no_grad()
def begin(closeup: Closeup, meaning: Meaning, place: Tensor, pose: Tensor, labels: Tensor) -> None:
    """Give a closeup eyes that turn (`begin_eyes`) and the basis that fits best: N groups of n frames of a clip, place
    maps [N, n, 5, h, w], poses [N, n, 6] and labels [N, n, E].

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
    begin_eyes(closeup, meaning)


@torch.no_grad()
def begin_eyes(closeup: Closeup, meaning: Meaning) -> None:
    """Let its eyes turn as the labels that dynamics stand for say.

    An eyeball of radius r that turns by a small angle a shows what lay r a away; one that lies d behind the surface and
    whose head turns by a, what lay d a away. Both numbers are those of least squares on the place maps of 4,000 frames.
    Irises turn `FARTHER` than that: they are drawn softly, and a face reader sees them turn 0.6 as far as in films.
    """
    turn = torch.zeros_like(closeup.eyes.turn)
    for axis, (label, sign) in enumerate(((YAW, -1), (PITCH, 1))):  # yaw is to the right, y is down
        turn[axis, axis] = sign * _DEPTH
        turn[axis, len(POSE) :] = sign * _RADIUS * meaning.line.weight[label]
    closeup.eyes.turn.copy_(FARTHER * turn)
