"""The eyes, looked at and redrawn closely on the surface that all faces share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa.geometry import invert, pose_matrix, sample_picture, transform
from vasa.render.blocks import AdaptiveResBlock, conv, groups
from vasa.render.speed import exact

SURFACE = 0.53  # z = SURFACE - x^2 about the eyes of canonical heads, to 0.03 (measured on 120 virtual people)
CENTRE, REACH = -0.2, 0.45  # canonical: the band's middle y, and how far it goes to either side


@dataclass(frozen=True)
class Redrawn:
    """What changes about the eyes: by [B, H, W, 2] where the source is looked up, paint [B, 3, H, W] before tanh."""

    by: Tensor
    paint: Tensor


class EyeBand(nn.Module):
    """Moves and paints the band of the eyes at its own resolution, `size` pixels wide and `rows` high; at first not.

    Irises and lids move by a pixel or two of a picture, and a cell of the volume is four wide. A network sees the
    source's band, and the latents of source and driver, motion numbers each, and says for every pixel where in the
    source to look instead, up to `STEP` canonical units away, and what to paint over it; `basis` are steps that simply
    go along with what driver and source differ in. That gaze can be warped is from DeepWarp (Ganin et al. 2016, 3); the
    rest is our addition. Raises ValueError where the band has an odd side.
    """

    STEP = 0.12

    def __init__(self, *, motion: int, size: int, rows: int, width: int, blocks: int, embedding: int) -> None:
        super().__init__()
        if size % 2 or rows % 2:
            raise ValueError(f"The band of the eyes has even sides; got {size} x {rows}.")
        self.size, self.rows = size, rows
        self.embed = nn.Sequential(nn.Linear(2 * motion, embedding), nn.ReLU(), nn.Linear(embedding, embedding))
        self.first = conv(2, 4 * 5, width, 1)
        self.blocks = nn.ModuleList(AdaptiveResBlock(2, width, width, embedding=embedding) for _ in range(blocks))
        self.norm = nn.GroupNorm(groups(width), width)
        self.last = conv(2, width, 4 * 5)
        nn.init.zeros_(self.last.weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]
        self.basis = nn.Parameter(torch.zeros(motion, 2, rows // 2, size // 2))

    def forward(self, picture: Tensor, own: Tensor, latents: Tensor, size: int) -> Redrawn:
        """Source [B, 3, S, S] with its latents [B, M], and those to show [B, M] -> what changes at `size` pixels."""
        change = self._change(self.seen(picture, own), torch.cat([own, latents], dim=1))
        with exact(picture.device):
            where = on_band(latents[:, :6].float(), size, self.rows / self.size)
            shown = F.grid_sample(change, where, align_corners=False)
        return Redrawn(self._steps(shown, own), shown[:, 2:])

    def seen(self, picture: Tensor, latents: Tensor, by: Tensor | None = None) -> Tensor:
        """The band of pictures [B, 3, S, S] of latents [B, M], looked up `by` [B, rows, size, 2] beside its places."""
        with exact(picture.device):  # half precision would put places a pixel off
            where = transform(pose_matrix(latents[:, :6].float()), self._places(picture))[:, 0, :, :, :2]
            return sample_picture(picture, where if by is None else where + by)

    def reenacted(self, picture: Tensor, own: Tensor, latents: Tensor) -> Tensor:
        """The source's band as the driver has it, by what is looked up alone: [B, 3, rows, size]."""
        change = self._change(self.seen(picture, own), torch.cat([own, latents], dim=1))
        return self.seen(picture, own, self._steps(change, own))

    def _steps(self, change: Tensor, own: Tensor) -> Tensor:
        """Steps on the head, [B, 2 and more, h, w], as the source shows them: [B, h, w, 2]."""
        with exact(change.device):
            along = pose_matrix(own[:, :6].float())[:, :2, :2]
            return torch.einsum("b i j, b j h w -> b h w i", along, self.STEP * change[:, :2].tanh())

    def _change(self, band: Tensor, latents: Tensor) -> Tensor:
        """[B, 5, rows, size], fading towards the edges."""
        places = self._places(band)
        across, down = places[:, 0, :, :, 0] / REACH, (places[:, 0, :, :, 1] - CENTRE) / REACH * self.size / self.rows
        x = self.first(F.pixel_unshuffle(torch.cat([band * 2 - 1, torch.stack([across, down], dim=1)], dim=1), 2))
        embedding = self.embed(latents)
        for block in self.blocks:
            x = block(x, embedding)
        change = F.pixel_shuffle(self.last(F.relu(self.norm(x))).float(), 2)
        own, driver = latents.chunk(2, dim=1)
        straight = torch.einsum("b m, m i h w -> b i h w", driver - own, self.basis).float()
        straight = F.interpolate(straight, scale_factor=2.0, mode="bilinear", align_corners=False)
        change = torch.cat([change[:, :2] + straight, change[:, 2:]], dim=1)
        fade = (1 - across.abs()).clamp(0.0, 0.15) * (1 - down.abs()).clamp(0.0, 0.15) / 0.15**2
        return change * fade[:, None]

    def _places(self, like: Tensor) -> Tensor:
        """The canonical place of every pixel of the band: [B, 1, rows, size, 3]."""
        numbers = (torch.arange(n, device=like.device) + 0.5 - n / 2 for n in (self.size, self.rows))
        x, y = (number * (2 * REACH / self.size) for number in numbers)
        down, across = torch.meshgrid(y + CENTRE, x, indexing="ij")
        return torch.stack([across, down, SURFACE - across**2], dim=-1).expand(like.shape[0], 1, -1, -1, -1)


def on_band(pose: Tensor, size: int, aspect: float) -> Tensor:
    """Where every pixel of a picture lies on the band: pose [B, 6] -> [B, size, size, 2], in [-1, 1] on it.

    A pixel at (u, v) and depth w shows the canonical point p = A^-1 (u, v, w), which is on the face where
    p_z = SURFACE - p_x^2: a quadratic in w, of which the root in front is taken.
    """
    axis = (torch.arange(size, device=pose.device) + 0.5) * (2 / size) - 1
    v, u = torch.meshgrid(axis, axis, indexing="ij")
    back = rearrange(invert(pose_matrix(pose)), "b i j -> i j b 1 1")
    flat = [back[i, 0] * u + back[i, 1] * v + back[i, 3] for i in range(3)]  # the canonical point at depth 0
    (by_x, by_y, by_z), (x, y, z) = back[:, 2], flat
    half, rest = x * by_x + by_z / 2, x**2 + z - SURFACE
    root = (half**2 - by_x**2 * rest).clamp_min(1e-6).sqrt()
    depth = -rest / (half + root).clamp_min(0.05)
    return torch.stack([(x + depth * by_x) / REACH, (y + depth * by_y - CENTRE) / (REACH * aspect)], dim=-1)
