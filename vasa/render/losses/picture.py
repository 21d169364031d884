"""Losses of a picture that ought to equal another."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vasa.render.fixed import Fixed
from vasa.render.motion_encoder import aligned
from vasa.render.passes import Passes
from vasa.render.truth import Truth


class PixelLoss(nn.Module):
    """Mean of w |x - y| with more weight on eyes and mouth (EMOPortraits 4: L1 on eyes and mouth)."""

    def forward(self, picture: Tensor, truth: Truth) -> Tensor:
        return ((picture - truth.picture).abs() * truth.emphasis).mean() / truth.emphasis.mean()


class PerceptualLoss(nn.Module):
    """Distance of two pictures in the maps of a fixed network (MegaPortraits, L_IN and L_face).

    Mean over scales k of sum over maps l of w_l |f_l(x_k) - f_l(y_k)|, x_k being x halved k times (published: 4 scales
    for ImageNet's network, 2 for the face's; that scales are averaged is our choice).

    features: pictures [B, 3, H, W] in [0, 1] -> maps. weights: w_l, all alike and of sum 1 where not given.
    relative: divide each map's distance by the mean of |f_l(y)|, which makes networks comparable (our choice, not
    published). size, reach: faces are brought upright and to this many pixels, `reach` canonical units about
    `centre` (x, y: [0, 0.25] is the mouth); reach=None takes the pictures whole and as they are.
    """

    def __init__(
        self, *, features: nn.Module, size: int = 96, reach: float | None = 0.83, scales: int = 1,
        weights: Sequence[float] | None = None, relative: bool = True, centre: Sequence[float] = (0.0, 0.0),
    ) -> None:  # fmt: skip
        super().__init__()
        self.features, self.size, self.reach, self.centre = Fixed(features), size, reach, (centre[0], centre[1])
        self.scales, self.weights, self.relative = scales, weights, relative

    def forward(self, passes: Passes) -> Tensor:
        return self.between(passes.picture, passes.target.picture, passes.target.pose)

    def between(self, x: Tensor, y: Tensor, pose: Tensor | None = None) -> Tensor:
        """Two pictures [B, 3, H, W] of faces at a pose [B, 6], which is not asked where they are taken whole; gradients
        reach both."""
        if self.reach is not None:
            assert pose is not None
            x, y = (aligned(p, pose, size=self.size, reach=self.reach, centre=self.centre) for p in (x, y))
        found = []
        for scale in range(self.scales):
            found.append(self._at_one_scale(x, y))
            if scale + 1 < self.scales:
                x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        return torch.stack(found).mean()

    def _at_one_scale(self, x: Tensor, y: Tensor) -> Tensor:
        pairs = list(zip(self.features(x), self.features(y), strict=True))
        distance = torch.stack([self._distance(ours, theirs) for ours, theirs in pairs])
        if self.weights is None:
            return distance.mean()
        if len(self.weights) != len(pairs):
            raise ValueError(f"A perceptual loss needs a weight for each of {len(pairs)} maps; got {self.weights}.")
        return (distance * distance.new_tensor(list(self.weights))).sum()

    def _distance(self, ours: Tensor, theirs: Tensor) -> Tensor:
        distance = (ours - theirs).abs().mean()
        return distance / theirs.detach().abs().mean() if self.relative else distance
