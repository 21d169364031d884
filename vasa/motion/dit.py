"""The network: a transformer encoder over sound, controls, past motion and noisy motion (VASA-1, Fig. 2).

Unpublished, so chosen here: the diffusion time enters by adaptive layer norm, one projection shared by all layers
plus a table a layer (PixArt-alpha, 2.3), which keeps the published parameter count; positions are rotary unless asked
for otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from vasa.motion.conditions import CONTROLS, Conditions, Embed, embed_sound
from vasa.motion.positions import Positions, Rotary

KINDS = ("previous_audio", "audio", *CONTROLS, "previous_motion", "motion")


class TimeEmbedding(nn.Module):
    """Diffusion time [B] in [0, 1] -> [B, width]."""

    rates: Tensor

    def __init__(self, *, width: int, waves: int = 128, highest: float = 1000.0) -> None:
        super().__init__()
        self.register_buffer("rates", torch.logspace(0, math.log10(highest), waves), persistent=False)
        self.mlp = nn.Sequential(nn.Linear(2 * waves, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())

    def forward(self, time: Tensor) -> Tensor:
        angle = rearrange(time, "b -> b 1") * self.rates
        return self.mlp(torch.cat([angle.sin(), angle.cos()], dim=-1))


class Block(nn.Module):
    """Pre-norm attention and feed-forward, each shifted, scaled and gated by the diffusion time."""

    def __init__(self, *, width: int, heads: int, feedforward: int) -> None:
        super().__init__()
        self.heads = heads
        self.table = nn.Parameter(0.02 * torch.randn(6, width))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feedforward = nn.Sequential(nn.Linear(width, feedforward), nn.GELU("tanh"), nn.Linear(feedforward, width))

    def forward(self, tokens: Tensor, time: Tensor, positions: Positions) -> Tensor:
        """tokens [B, N, width], time [B, 6, width]."""
        shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = rearrange(time + self.table, "b n w -> n b 1 w")
        attended = self.attend((1 + scale_a) * self.norm(tokens) + shift_a, positions)
        tokens = tokens + (1 + gate_a) * attended
        return tokens + (1 + gate_f) * self.feedforward((1 + scale_f) * self.norm(tokens) + shift_f)

    def attend(self, tokens: Tensor, positions: Positions) -> Tensor:
        q, k, v = rearrange(self.queries_keys_values(tokens), "b n (three h d) -> three b h n d", three=3, h=self.heads)
        mixed = F.scaled_dot_product_attention(positions.turn(q), positions.turn(k), v)
        return self.out(rearrange(mixed, "b h n d -> b n (h d)"))


class MotionTransformer(nn.Module):
    """H(X_t, t, C): [A_pre, A, g, d, e, X_pre, X_t] as tokens, the last W of which become the prediction.

    motion_dim: M. audio_dim: A. window: W frames. carry: K frames of context before them. positions: makes a
    `Positions` of places. audio_layers: how many hidden layers of an encoder lie side by side in A; more than one are
    mixed by learned weights.
    """

    def __init__(
        self, *, motion_dim: int, audio_dim: int, window: int, carry: int,
        width: int, layers: int, heads: int, feedforward: int,
        positions: Callable[..., Positions] = Rotary, audio_layers: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.motion_dim, self.audio_dim, self.window, self.carry = motion_dim, audio_dim, window, carry
        self.audio = embed_sound(size=audio_dim, width=width, layers=audio_layers)
        self.controls = nn.ModuleDict({name: Embed(size=size, width=width) for name, size in CONTROLS.items()})
        self.previous_motion = Embed(size=motion_dim, width=width)
        self.motion = nn.Linear(motion_dim, width)
        self.kinds = nn.ParameterDict({kind: 0.02 * torch.randn(width) for kind in KINDS})
        self.time = TimeEmbedding(width=width)
        self.modulation = nn.Linear(width, 6 * width)
        self.positions = positions(self._places(), width=width, heads=heads)
        self.blocks = nn.ModuleList([Block(width=width, heads=heads, feedforward=feedforward) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, motion_dim)
        nn.init.normal_(self.modulation.weight, std=0.02)
        nn.init.zeros_(self.modulation.bias)

    def _places(self) -> Tensor:
        frames = torch.arange(self.carry + self.window, dtype=torch.float32)
        return torch.cat([frames, torch.full((len(CONTROLS),), torch.nan), frames])

    def forward(self, x_t: Tensor, time: Tensor, conditions: Conditions) -> Tensor:
        """x_t [B, W, M], time [B] in [0, 1] -> prediction [B, W, M]."""
        tokens = self.tokens(x_t, conditions)
        modulation = rearrange(self.modulation(self.time(time)), "b (six w) -> b six w", six=6)
        for block in self.blocks:
            tokens = block(tokens, modulation, self.positions)
        return self.head(self.norm(tokens[:, -self.window :]))

    def tokens(self, x_t: Tensor, conditions: Conditions) -> Tensor:
        """[B, 2 (K + W) + 3, width]."""
        parts = {
            "previous_audio": self.audio(conditions.previous_audio),
            "audio": self.audio(conditions.audio),
            **{name: self.controls[name](getattr(conditions, name)) for name in CONTROLS},
            "previous_motion": self.previous_motion(conditions.previous_motion),
            "motion": self.motion(x_t),
        }
        return self.positions.mark(torch.cat([parts[kind] + self.kinds[kind] for kind in KINDS], dim=1))
