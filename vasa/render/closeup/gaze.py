"""Eyes that turn as far as they are told."""

from __future__ import annotations

import torch
from torch import Tensor

from vasa.geometry import POSE
from vasa.render.closeup import surface
from vasa.render.closeup.network import Closeup
from vasa.render.meaning import Meaning

YAW, PITCH = -5, -4  # their places among the labels, see `vasa.data.film.expression`
_EYES, _REACH = (0.195, -0.205), (0.135, 0.085)  # canonical: middles of the eyes, and how far they reach from there


@torch.no_grad()
def turn(closeup: Closeup, meaning: Meaning, first: Tensor, *, gain: float) -> None:
    """Add to the steps of a trained closeup `gain` times what its first ones [M, 2, h, w] (`begin`) did with gaze,
    about the eyes alone.

    An iris moves by three pixels, which losses of pictures hardly reward: they leave a third of it. What place maps say
    of eyeballs is given back afterwards.
    """
    x, y = surface.places(first.shape[2], first.shape[3], first).unbind(-1)
    away = torch.hypot((x.abs() - _EYES[0]) / _REACH[0], (y - _EYES[1]) / _REACH[1])
    near = ((1.25 - away) / 0.5).clamp(0, 1)
    for label in (YAW, PITCH):
        told = torch.zeros(2, meaning.line.out_features)
        told[1, label] = 1
        change = meaning.dynamics_of(told).diff(dim=0)[0].to(first)
        field = near * torch.einsum("m, m i h w -> i h w", change, first[len(POSE) :])
        closeup.basis[len(POSE) :] += gain * torch.einsum("m, i h w -> m i h w", meaning.line.weight[label], field)
