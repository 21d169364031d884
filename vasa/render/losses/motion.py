"""Losses of what the encoders read off a face."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vasa.render.meaning import Meaning
from vasa.render.passes import Passes


class PoseLoss(nn.Module):
    """|pose - label|, in radians and crop units."""

    def forward(self, pose: Tensor, label: Tensor) -> Tensor:
        return (pose - label).abs().mean()


class ExpressionLoss(nn.Module):
    """The line through the dynamics must give the labelled expression: mean of ((A z + b - e) / spread)^2."""

    def forward(self, meaning: Meaning, dynamics: Tensor, label: Tensor) -> Tensor:
        return F.mse_loss(meaning(dynamics) / meaning.spread, label / meaning.spread)


class SpreadLoss(nn.Module):
    """Keeps the dynamics in use but small: mean of z^2, so that the latents have one scale (our choice)."""

    def forward(self, dynamics: Tensor) -> Tensor:
        return dynamics.float().pow(2).mean()


class ContrastLoss(nn.Module):
    """What moves is read from the driver and nobody else (MegaPortraits 3, L_cos; there of weight 2, s = 5, m = 0.2).

    With d(a, b) = s (cos(a, b) - m), source and driver s, d of one clip, s*, d* of another, and the dynamics z read
    again from the pictures made: P = {(z_s->d, z_d), (z_s*->d, z_d)}, N = {(z_s->d, z_d*), (z_s*->d, z_d*)},
    L = - sum over p in P of log(exp d(p) / (exp d(p) + sum over n in N of exp d(n))), mean over the batch.
    """

    def __init__(self, *, scale: float = 5.0, margin: float = 0.2) -> None:
        super().__init__()
        self.scale, self.margin = scale, margin

    def forward(self, passes: Passes) -> Tensor:
        made = torch.stack([passes.read_again(passes.own.picture), passes.read_again(passes.crossed.picture)])
        wanted = passes.drivers[:, 6:]
        return self.of(made, wanted, passes.another(wanted))

    def of(self, made: Tensor, same: Tensor, other: Tensor) -> Tensor:
        """made [2, B, M] read from pictures; same, other [B, M]: the driver's, and another one's."""
        alike = self.scale * (F.cosine_similarity(made, same[None], dim=-1) - self.margin)
        unlike = self.scale * (F.cosine_similarity(made, other[None], dim=-1) - self.margin)
        against = torch.stack([torch.logsumexp(torch.cat([one[None], unlike]), dim=0) for one in alike])
        return (against - alike).sum(0).mean()
