"""What is behind lips that open: teeth below the upper one, teeth above the lower one, tongue and darkness between."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa.render.closeup import surface
from vasa.render.closeup.paint import PixelPaint

TOP_Y = 0.08  # canonical: what is painted below is a mouth's inside
_FADE = 0.02  # canonical: over which what is painted begins to have a narrow edge
_UNIT = 0.05  # canonical: about the height of a row of teeth


class Mouth(nn.Module):
    """Paint for the inside of a mouth, by where a pixel lies in it.

    A convolution sees the source's lips where they were, and not where they went. But the pixels that are painted and
    not looked up are the opening itself: summed up along each column they say how far below its upper edge a pixel lies
    and how far above its lower one, and from these two numbers, its place and the latents it is plain what shows there.

    rows, columns: of the patch; embedding: numbers that tell the latents; hidden: see `PixelPaint`.
    """

    def __init__(self, *, rows: int, columns: int, embedding: int, hidden: int = 24) -> None:
        super().__init__()
        self.cell = 2 * surface.HALF[1] / rows
        self.first = round((TOP_Y - surface.MIDDLE_Y + surface.HALF[1]) / self.cell)  # row of the patch
        at = rearrange(surface.places(rows, columns, torch.zeros(1)), "h w i -> 1 i h w")
        self.register_buffer("at", at[:, :, self.first :] / _UNIT, persistent=False)
        self.paint = PixelPaint(told=5, embedding=embedding, hidden=hidden)

    at: Tensor

    def forward(self, painted: Tensor, embedding: Tensor) -> Tensor:
        """The share of each pixel that is painted [B, 1, rows, columns] and what tells the latents [B, E] -> what is
        added to the paint before it is brought to [0, 1]: [B, 3, rows, columns]."""
        opening = painted[:, :, self.first :].detach() * (self.cell / _UNIT)
        below = opening.cumsum(2)
        above = opening.sum(2, keepdim=True) - below
        place = self.at.expand(painted.shape[0], -1, -1, -1)
        paint = self.paint(torch.cat([below, above, place, place[:, :1].abs()], dim=1), embedding)
        return F.pad(paint, (0, 0, self.first, 0))

    def even(self, share: Tensor) -> Tensor:
        """How much of each pixel is looked up [B, 1, rows, columns], evened out between neighbours from the lips on:
        four pixels are said at once, and an edge that is then made narrow would show it as a saw."""
        said = F.pad(share[:, :, self.first :], (1, 1, 1, 1), mode="replicate")
        for _ in range(2):
            said = F.avg_pool2d(said, 2, stride=1)
        return torch.cat([share[:, :, : self.first], said], dim=2)

    def missed(self, painted: Tensor, inside: Tensor, closed: Tensor) -> Tensor:
        """Cross-entropy of what is painted [B, rows, columns] and what is the inside of a mouth, of the same shape; 0
        above the lips, and inside where the source's mouth is not closed [B]: there its own teeth can be looked up."""
        hit, free = (share.clamp_min(1e-4).log() for share in (painted, 1 - painted))
        found = -(inside * hit * closed[:, None, None] + (1 - inside) * free)
        return torch.cat([torch.zeros_like(found[:, : self.first]), found[:, self.first :]], dim=1)


def parted(painted: Tensor, at: Tensor) -> Tensor:
    """What is painted more likely than not [B, 1, h, w], with a narrow edge where lips part, at places [B, h, w, 2]: a
    mouth whose edge is shown as unsure as it is has no lips."""
    below = ((at[..., 1] - TOP_Y) / _FADE).clamp(0, 1)[:, None]
    return torch.lerp(painted, (2.5 * painted - 0.75).clamp(0, 1), below)
