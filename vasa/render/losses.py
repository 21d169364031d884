"""What a renderer is trained on; each loss is an object with its equation, its weight lies in `conf/loss/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from einops import rearrange, reduce
from torch import Tensor, nn

from vasa.geometry import sample_volume
from vasa.render.motion_encoder import aligned
from vasa.render.volume import Shown


@dataclass(frozen=True)
class Truth:
    """What labels say of the frames to be shown; all of batch B.

    picture [B, 3, H, W]; place [B, 3, h, w] canonical coordinates, depth [B, h, w] in the posed volume and
    part [B, h, w] (0 background, 1 body, 2 head) of every cell; pose [B, 6]; expression [B, E]; emphasis [B, 1, H, W].
    """

    picture: Tensor
    place: Tensor
    depth: Tensor
    part: Tensor
    pose: Tensor
    expression: Tensor
    emphasis: Tensor

    def at(self, size: Sequence[int]) -> Truth:
        """With the labels of cells taken at this many of them."""

        def taken(x: Tensor) -> Tensor:
            return F.interpolate(x, size=tuple(size), mode="nearest")

        depth, part = taken(self.depth[:, None])[:, 0], taken(self.part[:, None])[:, 0]
        return replace(self, place=taken(self.place), depth=depth, part=part)


class PixelLoss(nn.Module):
    """Mean of w |x - y| with more weight on eyes and mouth (EMOPortraits 4: L1 on eyes and mouth)."""

    def forward(self, picture: Tensor, truth: Truth) -> Tensor:
        return ((picture - truth.picture).abs() * truth.emphasis).mean() / truth.emphasis.mean()


class PerceptualLoss(nn.Module):
    """Mean over maps of |f(x) - f(y)| / |f(y)| on upright faces (MegaPortraits, L_IN and L_face, another network).

    size, reach: the faces are brought to this many pixels, `reach` canonical units about their centre.
    """

    def __init__(self, *, features: nn.Module, size: int = 96, reach: float = 0.83) -> None:
        super().__init__()
        self.features, self.size, self.reach = features, size, reach

    def forward(self, picture: Tensor, truth: Truth) -> Tensor:
        x, y = (aligned(p, truth.pose, size=self.size, reach=self.reach) for p in (picture, truth.picture))
        with torch.no_grad():
            wanted = self.features(y)
        pairs = zip(self.features(x), wanted, strict=True)
        return torch.stack([(ours - theirs).abs().mean() / theirs.abs().mean() for ours, theirs in pairs]).mean()


class FieldLoss(nn.Module):
    """Every visible cell must know its place on the head: |field(h, w, z) - place(h, w)| (virtual people only)."""

    def forward(self, shown: Shown, truth: Truth) -> Tensor:
        truth = truth.at(shown.field.shape[-2:])
        nearby = along_depth(truth.depth, shown.field.shape[2])
        found = reduce(shown.field * nearby[:, None], "b i d h w -> b i h w", "sum")
        return masked(reduce((found - truth.place).abs(), "b i h w -> b h w", "mean"), truth.part > 0)


class DepthLoss(nn.Module):
    """The depth weights must point at the visible surface: cross-entropy with its two nearest slices."""

    def forward(self, shown: Shown, truth: Truth) -> Tensor:
        truth = truth.at(shown.depth.shape[-2:])
        nearby = along_depth(truth.depth, shown.depth.shape[1])
        return masked(-(nearby * shown.depth.clamp_min(1e-4).log()).sum(1), truth.part > 0)


class RouteLoss(nn.Module):
    """From its canonical place every visible source cell must be found again: |route(place(h, w)) - (x, y, z)|."""

    def forward(self, route: Tensor, source: Truth) -> Tensor:
        found = sample_volume(route, rearrange(source.place, "b i h w -> b 1 h w i"))[:, :, 0]
        axis = [(torch.arange(n, device=route.device) + 0.5) * (2 / n) - 1 for n in source.depth.shape[1:]]
        y, x = torch.meshgrid(*axis, indexing="ij")
        error = (found[:, 0] - x).abs() + (found[:, 1] - y).abs() + (found[:, 2] - source.depth).abs()
        return masked(error / 3, source.part > 0)


class PoseLoss(nn.Module):
    """|pose - label|, in radians and crop units."""

    def forward(self, pose: Tensor, label: Tensor) -> Tensor:
        return (pose - label).abs().mean()


class ExpressionLoss(nn.Module):
    """A linear reading of the dynamics must give the labelled expression: mean of ((A z + b - e) / spread)^2.

    spread: how much each of the E labels varies, [E]; smaller numbers make a label count for more.
    """

    spread: Tensor

    def __init__(self, *, dynamics: int, spread: Tensor) -> None:
        super().__init__()
        self.read = nn.Linear(dynamics, len(spread))
        self.register_buffer("spread", spread)

    def forward(self, dynamics: Tensor, label: Tensor) -> Tensor:
        return F.mse_loss(self.read(dynamics.float()) / self.spread, label / self.spread)


class SpreadLoss(nn.Module):
    """Keeps the dynamics in use but small: mean of z^2, so that the latents have one scale (our choice)."""

    def forward(self, dynamics: Tensor) -> Tensor:
        return dynamics.float().pow(2).mean()


def along_depth(depth: Tensor, slices: int) -> Tensor:
    """Linear weights of the two slices about a depth in [-1, 1]: [B, h, w] -> [B, D, h, w]."""
    centres = (torch.arange(slices, device=depth.device) + 0.5) * (2 / slices) - 1
    inside = depth.clamp(float(centres[0]), float(centres[-1]))
    return (1 - (inside[:, None] - centres[:, None, None]).abs() * (slices / 2)).clamp_min(0)


def masked(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over a mask; zero where it is empty."""
    return (values * mask).sum() / mask.sum().clamp_min(1)
