"""M: what the face in a picture does, read by a ConvNeXt V2 from timm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from timm.models.convnext import ConvNeXt
from torch import Tensor, nn

from vasa.render.liveportrait.keypoints import POINTS
from vasa.render.speed import exact

BINS, BIN_DEGREES, LOWEST_DEGREES = 66, 3.0, -97.5
SMALLEST = 1e-4  # a face has a scale far above it; keeps the logarithm finite
HEADS = {"kp": 3 * POINTS, "exp": 3 * POINTS, "scale": 1, "t": 3, "pitch": BINS, "yaw": BINS, "roll": BINS}


@dataclass(frozen=True)
class Reading:
    """canonical [B, 63]: the face at rest, point by point; pose [B, 6] as in `vasa.geometry`; expression [B, 63]."""

    canonical: Tensor
    pose: Tensor
    expression: Tensor


class MotionExtractor(nn.Module):
    """Picture [B, 3, H, W] in [0, 1] -> Reading; depths, widths: blocks and channels of each of the four stages."""

    def __init__(self, *, depths: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        self.trunk = ConvNeXt(
            num_classes=0, depths=tuple(depths), dims=tuple(widths), use_grn=True, ls_init_value=None, norm_eps=1e-6
        )
        self.heads = nn.ModuleDict({name: nn.Linear(widths[-1], size) for name, size in HEADS.items()})

    def forward(self, image: Tensor) -> Reading:
        raw = self.read(image)
        # LivePortrait's angles count the other way round; t_z is never used.
        turns = [-torch.deg2rad(degrees(raw[name])) for name in ("yaw", "pitch", "roll")]
        log_scale = raw["scale"].clamp_min(SMALLEST).log()
        return Reading(raw["kp"], torch.cat([*turns, raw["t"][:, :2], log_scale], dim=-1), raw["exp"])

    def read(self, image: Tensor) -> dict[str, Tensor]:
        """The heads' own numbers: [B, size] each, in full precision: in bfloat16 a head's size trembles by a pixel."""
        seen = self.trunk(image)
        with exact(image.device):
            return {name: head(seen.float()) for name, head in self.heads.items()}


def degrees(logits: Tensor) -> Tensor:
    """The expected angle over bins of 3 degrees: [B, 66] -> [B, 1], in LivePortrait's own sense."""
    bins = torch.arange(BINS, device=logits.device, dtype=logits.dtype)
    return BIN_DEGREES * (logits.softmax(-1) * bins).sum(-1, keepdim=True) + LOWEST_DEGREES
