"""Losses of a critic that tells made pictures from real ones, and of the renderer that it judges."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vasa.render.critic import Verdict


class CriticLoss(nn.Module):
    """Hinge, the critic's side: mean over scales of mean max(0, 1 - D(y)) + mean max(0, 1 + D(x))."""

    def forward(self, made: Sequence[Verdict], real: Sequence[Verdict]) -> Tensor:
        pairs = zip(made, real, strict=True)
        return torch.stack([F.relu(1 - y.score).mean() + F.relu(1 + x.score).mean() for x, y in pairs]).mean()


class AdversarialLoss(nn.Module):
    """Hinge, the renderer's side: mean over scales of mean -D(x) (MegaPortraits, L_adv, of weight 1)."""

    def forward(self, made: Sequence[Verdict]) -> Tensor:
        return -torch.stack([x.score.mean() for x in made]).mean()


class MatchingLoss(nn.Module):
    """The critic's maps of made and real pictures agree: mean over scales and layers of mean |D_l(x) - D_l(y)|
    (MegaPortraits, L_FM, of weight 40)."""

    def forward(self, made: Sequence[Verdict], real: Sequence[Verdict]) -> Tensor:
        pairs = [pair for x, y in zip(made, real, strict=True) for pair in zip(x.maps, y.maps, strict=True)]
        return torch.stack([(ours - theirs.detach()).abs().mean() for ours, theirs in pairs]).mean()
