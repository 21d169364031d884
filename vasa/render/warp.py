"""Where each place of one volume lies in another: rigid head motion and a learned bend (MegaPortraits, Fig. 9b)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa.geometry import grid, sample_volume
from vasa.render.blocks import AdaptiveResBlock, conv, groups


class Warp(nn.Module):
    """Motion and identity -> a bend of the volume: code [B, motion], identity [B, identity] -> offsets [B, 3, D, H, W].

    widths: channels at the 4x4x4 start, then after each enlargement; enlarge: (depth, height, width) factors of each.
    size: (D, H, W) of the volume; offsets made smaller are enlarged trilinearly. The paper feeds z + e_s (its 2.2);
    ours adds the pose to z, because necks and hair do not turn with the head (our choice).
    """

    def __init__(
        self, *, motion: int, identity: int, embedding: int, widths: Sequence[int], enlarge: Sequence[Sequence[int]],
        size: Sequence[int], standardise: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.size, self.enlarge = tuple(size), [tuple(map(float, factors)) for factors in enlarge]
        self.motion, self.identity = nn.Linear(motion, embedding), nn.Linear(identity, embedding)
        self.start = nn.Linear(embedding, widths[0] * 16)
        self.lift = conv(2, widths[0], widths[0] * 4, 1)
        self.blocks = nn.ModuleList(
            AdaptiveResBlock(3, a, b, embedding=embedding, standardise=standardise)
            for a, b in itertools.pairwise(widths)
        )
        self.norm = nn.GroupNorm(groups(widths[-1]), widths[-1])
        self.offsets = conv(3, widths[-1], 3)
        nn.init.normal_(self.offsets.weight, std=1e-3)  # type: ignore[arg-type]
        nn.init.zeros_(self.offsets.bias)  # type: ignore[arg-type]

    def forward(self, code: Tensor, identity: Tensor) -> Tensor:
        embedding = 0.5 * (self.motion(code) + self.identity(identity))
        x = self.lift(rearrange(self.start(embedding), "b (c h w) -> b c h w", h=4, w=4))
        x = rearrange(x, "b (c d) h w -> b c d h w", d=4)
        for block, factors in zip(self.blocks, self.enlarge, strict=True):
            x = block(F.interpolate(x, scale_factor=factors, mode="nearest"), embedding)
        offsets = torch.tanh(self.offsets(F.relu(self.norm(x)))).float()
        return offsets if offsets.shape[2:] == self.size else F.interpolate(offsets, size=self.size, mode="trilinear")


def rigid_grid(matrix: Tensor, size: Sequence[int]) -> Tensor:
    """Cell centres moved by an affine [B, 3, 4]: [B, D, H, W, 3]."""
    cells = grid(*size, like=matrix)
    return torch.einsum("bij,dhwj->bdhwi", matrix[..., :3], cells) + matrix[:, None, None, None, :, 3]


def bend(offsets: Tensor, where: Tensor) -> Tensor:
    """Bend, then look: places where + offsets(where), in one field [B, 3, D, H, W]; one look-up instead of two."""
    return rearrange(where, "b d h w i -> b i d h w") + sample_volume(offsets, where)


def look(volume: Tensor, field: Tensor) -> Tensor:
    """The volume [B, C, D, H, W] as seen at the places of a field [B, 3, d, h, w]."""
    return sample_volume(volume, rearrange(field, "b i d h w -> b d h w i"))
