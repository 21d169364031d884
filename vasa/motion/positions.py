"""How tokens tell where they are in time; the paper does not say how, so both usual ways are there."""

from __future__ import annotations

import math
from typing import Protocol

import torch
from einops import rearrange
from torch import Tensor, nn


class Positions(Protocol):
    """Places are frames, NaN for tokens without one; sound and motion of one frame have the same place."""

    def mark(self, tokens: Tensor) -> Tensor:
        """What attention layers see: [B, N, width] -> the same."""
        ...

    def turn(self, x: Tensor) -> Tensor:
        """Queries or keys [B, heads, N, head] -> the same."""
        ...


class Rotary(nn.Module):
    """Turns queries and keys by their frame, so that attention sees how far apart two frames are (Su et al. 2021).

    Tokens without a place are not turned. It has no weights.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, places: Tensor, *, width: int, heads: int, longest: float = 200.0) -> None:
        super().__init__()
        if width % (2 * heads):
            raise ValueError(f"Width must be a multiple of twice the heads; got {width} and {heads}.")
        exponents = torch.linspace(0, 1, width // heads // 2, device=places.device)
        angle = rearrange(places.nan_to_num(0.0), "n -> n 1") * torch.exp(-math.log(longest) * exponents)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def mark(self, tokens: Tensor) -> Tensor:
        return tokens

    def turn(self, x: Tensor) -> Tensor:
        a, b = x.chunk(2, dim=-1)
        return torch.cat([a * self.cos - b * self.sin, a * self.sin + b * self.cos], dim=-1).to(x)


class Learned(nn.Module):
    """Adds a learned vector for every frame of context and window (Vaswani et al. 2017, section 3.5)."""

    frame: Tensor

    def __init__(self, places: Tensor, *, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"Width must be a multiple of the heads; got {width} and {heads}.")
        frame = places.nan_to_num(-1.0).long()  # -1 is for tokens without a place
        self.register_buffer("frame", frame, persistent=False)
        self.table = nn.Parameter(0.02 * torch.randn(int(frame.max()) + 1, width))

    def mark(self, tokens: Tensor) -> Tensor:
        return tokens + self.table[self.frame.clamp_min(0)] * rearrange(self.frame >= 0, "n -> n 1")

    def turn(self, x: Tensor) -> Tensor:
        return x
