"""What sits on the reader's feature maps: points, and close looks at eyes and mouth."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from einops import einsum, rearrange, repeat
from torch import Tensor, nn

from vasa.face.points import CORNERS, COUNT


def convolution(inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Joined(nn.Module):
    """Coarse maps added to finer ones (T.-Y. Lin et al., Feature Pyramid Networks, 2017): maps, fine to coarse,
    -> one map [B, width, h, w] as fine as the first."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.sides = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels)
        self.blend = convolution(width, width)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        found = self.sides[-1](maps[-1])
        for side, finer in zip(reversed(self.sides[:-1]), reversed(maps[:-1]), strict=True):
            found = side(finer) + F.interpolate(found, size=finer.shape[-2:], mode="nearest")
        return self.blend(F.relu(found))


class Votes(nn.Module):
    """Every cell votes for the place of every point; the votes are averaged by weights of their own.

    After H. Jin et al., Pixel-in-Pixel Net, 2021, but with softmax over all cells in place of the best one, so that
    gradients reach every cell and points outside the picture can be told. reach: cells that a vote of 1 goes.
    """

    def __init__(self, width: int, *, points: int = COUNT, reach: float = 2.0) -> None:
        super().__init__()
        self.votes = nn.Conv2d(width, 4 * points, 1)
        self.reach = reach

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """[B, C, h, w] -> places [B, K, 2] in crop units and their expected errors [B, K]."""
        x, y, log_spread, weight = rearrange(
            self.votes(features).float(), "b (part k) h w -> part b k (h w)", part=4
        )  # fmt: skip
        share = weight.softmax(-1)
        height, width = features.shape[-2:]
        offset = torch.stack([x, y], dim=-1) * self.reach * 2 / x.new_tensor([width, height])
        places = einsum(share, cells(height, width, like=x) + offset, "b k n, b k n xy -> b k xy")
        spread = einsum(share, log_spread, "b k n, b k n -> b k") - 2
        return places, spread.clamp(-6, 1).exp()


def cells(height: int, width: int, *, like: Tensor) -> Tensor:
    """Centres of a map's cells, row by row: [H W, 2] x, y in crop units."""
    axes = [(torch.arange(n, device=like.device, dtype=like.dtype) + 0.5) * 2 / n - 1 for n in (width, height)]
    return rearrange(torch.stack(torch.meshgrid(*axes, indexing="xy"), dim=-1), "h w xy -> (h w) xy")


class CloseLook(nn.Module):
    """An eye or the mouth, cut along its two corners out of a fine map and out of the picture: [B, outputs].

    size: height and width of the cut out of the map, in samples; that of the picture has four times as many.
    room: width of both in distances between the corners.
    """

    def __init__(
        self, channels: int, *, part: int, outputs: int, width: int = 32, size: tuple[int, int] = (6, 10),
        room: float = 1.8,
    ) -> None:  # fmt: skip
        super().__init__()
        self.corners, self.size, self.room = CORNERS[part], size, room
        self.see = nn.Sequential(convolution(channels, width), convolution(width, 2 * width, stride=2))
        first, second = (convolution(*ends, size=5, stride=2) for ends in ((3, width // 2), (width // 2, width)))
        self.sharp = nn.Sequential(first, second)
        self.say = nn.Linear(2 * width * ((size[0] + 1) // 2) * ((size[1] + 1) // 2) + 2, outputs)

    def forward(self, features: Tensor, picture: Tensor, landmarks: Tensor) -> Tensor:
        """A map [B, C, h, w], the picture [B, 3, H, H] and where the points are [B, 68, 2], which is taken as given."""
        left, right = landmarks.detach()[:, self.corners].unbind(1)
        height, width = self.size
        coarse = cut_along(features, left, right, size=self.size, room=self.room)
        fine = cut_along(picture, left, right, size=(4 * height, 4 * width), room=self.room)
        seen = rearrange(self.see[1](self.see[0](coarse) + self.sharp(fine)), "b c h w -> b (c h w)")
        return F.leaky_relu(self.say(torch.cat([seen, right - left], dim=-1)), 0.1)  # plain ones died in training


def cut_along(features: Tensor, left: Tensor, right: Tensor, *, size: tuple[int, int], room: float) -> Tensor:
    """A rectangle about two points [B, 2] in crop units, its width along them: [B, C, h, w] -> [B, C, *size].

    It is `room` times as wide as they are apart, and as high as keeps its samples square; edges are repeated.
    """
    height, width = size
    along = (right - left) / 2 * room
    down = torch.stack([-along[:, 1], along[:, 0]], dim=-1) * (height / width)
    steps = cells(height, width, like=left)
    axes = torch.stack([along, down], dim=1)
    places = repeat((left + right) / 2, "b xy -> b 1 xy") + einsum(steps, axes, "n side, b side xy -> b n xy")
    grid = rearrange(places, "b (h w) xy -> b h w xy", h=height)
    return F.grid_sample(features, grid.to(features.dtype), align_corners=False, padding_mode="border")
