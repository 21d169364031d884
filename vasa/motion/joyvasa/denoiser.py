"""JoyVASA's network: a transformer decoder over carried and noisy motion, each frame told of its own sound.

Written from a description of the published model (jdh-algo/JoyVASA, MIT). Its cross-attention is masked so that frame i
sees the sound of frame i alone. A softmax over one entry is 1, so what it adds is out_proj(v_proj(sound_i)), one linear
map; queries and keys cannot matter.
"""

from __future__ import annotations

import math

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from vasa.motion.conditions import Conditions, Given


def sinusoids(places: Tensor, *, width: int) -> Tensor:
    """Places [...] -> [..., width]: sin and cos of place * 10000^(-2i / width) in columns 2i and 2i + 1."""
    exponents = torch.arange(0, width, 2, device=places.device) / width
    angle = rearrange(places.float(), "... -> ... 1") * torch.exp(-math.log(10_000) * exponents)
    return rearrange(torch.stack([angle.sin(), angle.cos()], dim=-1), "... w two -> ... (w two)")


class Step(nn.Module):
    """Diffusion time [B] in [0, 1] -> [B, width]; the network was trained on `steps` equal steps."""

    def __init__(self, *, width: int, steps: int) -> None:
        super().__init__()
        self.width, self.steps = width, steps
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, time: Tensor) -> Tensor:
        return self.mlp(sinusoids(time * self.steps, width=self.width))


class Block(nn.Module):
    """Post-norm: attention over all frames, the frame's own sound, feed-forward."""

    def __init__(self, *, width: int, audio_dim: int, heads: int, feedforward: int) -> None:
        super().__init__()
        self.heads = heads
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.sound = nn.Linear(audio_dim, width)
        self.feedforward = nn.Sequential(nn.Linear(width, feedforward), nn.GELU(), nn.Linear(feedforward, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))

    def forward(self, tokens: Tensor, sound: Tensor) -> Tensor:
        """tokens [B, N, width], sound [B, N, A] -> [B, N, width]."""
        after_attention, after_sound, after_feedforward = self.norms
        tokens = after_attention(tokens + self.attend(tokens))
        tokens = after_sound(tokens + self.sound(sound))
        return after_feedforward(tokens + self.feedforward(tokens))

    def attend(self, tokens: Tensor) -> Tensor:
        """Self-attention, unmasked."""
        q, k, v = rearrange(self.queries_keys_values(tokens), "b n (three h d) -> three b h n d", three=3, h=self.heads)
        return self.attended(rearrange(F.scaled_dot_product_attention(q, k, v), "b h n d -> b n (h d)"))


class Denoiser(nn.Module):
    """Predicts the clean motion of a window; takes and gives what `vasa.motion.dit.MotionTransformer` does.

    motion_dim: M, audio_dim: A, numbers a frame. window: W and carry: K, frames. steps: of the diffusion it was trained
    with. What is not known is replaced by what was learned in its stead: the beginning of a track, or no sound. Gaze,
    distance and emotion it cannot hear. It has no dropout: it is made to load weights, not to be trained.
    """

    places: Tensor

    def __init__(
        self, *, motion_dim: int, audio_dim: int, window: int, carry: int,
        width: int, layers: int, heads: int, feedforward: int, steps: int,
    ) -> None:  # fmt: skip
        super().__init__()
        if width % (2 * heads):
            raise ValueError(f"Width must be a multiple of twice the heads; got {width} and {heads}.")
        self.motion_dim, self.audio_dim, self.window, self.carry = motion_dim, audio_dim, window, carry
        self.first_motion = nn.Parameter(torch.randn(carry, motion_dim))
        self.first_sound = nn.Parameter(torch.randn(carry, audio_dim))
        self.no_sound = nn.Parameter(torch.randn(audio_dim))
        self.step = Step(width=width, steps=steps)
        self.motion = nn.Linear(motion_dim, width)
        self.blocks = nn.ModuleList(
            Block(width=width, audio_dim=audio_dim, heads=heads, feedforward=feedforward) for _ in range(layers)
        )
        self.out = nn.Sequential(nn.Linear(width, width // 2), nn.GELU(), nn.Linear(width // 2, motion_dim))
        self.register_buffer("places", sinusoids(torch.arange(carry + window), width=width), persistent=False)

    def forward(self, x_t: Tensor, time: Tensor, conditions: Conditions) -> Tensor:
        """x_t [B, W, M], time [B] in [0, 1] -> the x0 it sees: [B, W, M]."""
        motion = torch.cat([_or(conditions.previous_motion, self.first_motion), x_t], dim=1)
        before, now = _or(conditions.previous_audio, self.first_sound), _or(conditions.audio, self.no_sound)
        tokens = self.motion(motion) + self.places + rearrange(self.step(time), "b w -> b 1 w")
        for block in self.blocks:
            tokens = block(tokens, torch.cat([before, now], dim=1))
        return self.out(tokens)[:, self.carry :]


def _or(given: Given, learned: Tensor) -> Tensor:
    return torch.where(rearrange(given.known, "b t -> b t 1"), given.value, learned)
