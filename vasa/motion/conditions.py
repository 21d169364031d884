"""What the network is told: sound, controls and the frames before, each known or not."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from einops import rearrange, repeat
from torch import Tensor, nn

from vasa.types import EMOTIONS, Controls

CONTROLS = {"gaze": 2, "distance": 1, "emotion": len(EMOTIONS)}  # numbers each has


@dataclass(frozen=True)
class Given:
    """One condition: value [B, T, C] and known [B, T], False where the network sees the learned null instead."""

    value: Tensor
    known: Tensor

    def forgotten(self) -> Given:
        """The same, with nothing known."""
        return replace(self, known=torch.zeros_like(self.known))

    def dropped(self, drop: Tensor) -> Given:
        """The same, unknown for the samples [B] or frames [B, T] where drop is True."""
        lost = drop if drop.ndim == 2 else rearrange(drop, "b -> b 1")
        return replace(self, known=self.known & ~lost)


@dataclass(frozen=True)
class Conditions:
    """C = [X_pre, A_pre; A, g, d, e] (VASA-1, 3.2)."""

    audio: Given  # [B, W, A]
    gaze: Given  # [B, 1, 2]
    distance: Given  # [B, 1, 1]
    emotion: Given  # [B, 1, 8]
    previous_audio: Given  # [B, K, A]
    previous_motion: Given  # [B, K, M], normalised

    def without(self, name: str) -> Conditions:
        """The same conditions with this one replaced by its null."""
        return replace(self, **{name: getattr(self, name).forgotten()})

    def knows(self, name: str) -> bool:
        """Whether any sample has this condition."""
        return bool(getattr(self, name).known.any())

    @staticmethod
    def cat(branches: list[Conditions]) -> Conditions:
        """One batch of all branches, one after another."""
        return Conditions(**{f.name: _cat([getattr(b, f.name) for b in branches]) for f in fields(Conditions)})


def _cat(parts: list[Given]) -> Given:
    return Given(torch.cat([p.value for p in parts]), torch.cat([p.known for p in parts]))


def steady(controls: Controls, name: str, like: Tensor) -> Given:
    """A control as one token [B, 1, C]: its mean over the window (the paper's main gaze is one value a clip).

    like: features [B, T, A], for the batch size and the device. Raises ValueError where the control does not fit.
    """
    value, size = getattr(controls, name), CONTROLS[name]
    if value is None:
        return Given(like.new_zeros(len(like), 1, size), like.new_zeros(len(like), 1, dtype=torch.bool))
    curve = as_curve(value, name, size=size, like=like)
    return Given(curve.mean(dim=1, keepdim=True), like.new_ones(len(like), 1, dtype=torch.bool))


def as_curve(value: Tensor, name: str, *, size: int, like: Tensor) -> Tensor:
    """A control [B, C] or [B, T, C] as a curve [B, T, C] that fits features [B, T, A]."""
    batch, frames = like.shape[:2]
    if value.shape not in ((batch, size), (batch, frames, size)):
        raise ValueError(
            f"Controls.{name} is {list(value.shape)}; this step takes [{batch}, {size}], or [{batch}, {frames}, {size}]"
            " for a curve, which Controls.window cuts."
        )
    moved = value.to(like)
    return repeat(moved, "b c -> b t c", t=frames) if moved.ndim == 2 else moved


class Embed(nn.Module):
    """One condition as tokens: standardised, projected, its learned null where unknown.

    size: C. width: of the tokens. `calibrate` sets mean and std from training data; they are saved with the weights.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, *, size: int, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(size, width)
        self.null = nn.Parameter(0.02 * torch.randn(width))
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("std", torch.ones(size))

    def calibrate(self, rows: Tensor, *, least_std: float = 0.02) -> None:
        """Take mean and std of rows [N, C]; a value that hardly varies is not blown up."""
        self.mean.copy_(rows.double().mean(0))
        self.std.copy_(rows.double().std(0).clamp_min(least_std))

    def forward(self, given: Given) -> Tensor:
        """[B, T, C] -> [B, T, width]."""
        known = rearrange(given.known, "b t -> b t 1")
        value = torch.where(known, (given.value - self.mean) / self.std, 0.0)
        return torch.where(known, self.project(value), self.null)


class MixedEmbed(Embed):
    """Embeds features of several hidden layers, side by side in C, by their softmax-weighted mean (ELMo, SUPERB).

    Each layer is standardised by its own numbers first. layers: how many; C is a multiple of it.
    """

    def __init__(self, *, size: int, width: int, layers: int) -> None:
        if size % layers:
            raise ValueError(f"{layers} layers lie side by side in a multiple of {layers} features; got {size}.")
        super().__init__(size=size, width=width)
        self.project = nn.Linear(size // layers, width)
        self.shares = nn.Parameter(torch.zeros(layers))

    def forward(self, given: Given) -> Tensor:
        known = rearrange(given.known, "b t -> b t 1")
        value = torch.where(known, (given.value - self.mean) / self.std, 0.0)
        layers = rearrange(value, "b t (l c) -> b t l c", l=len(self.shares))
        mixed = torch.einsum("l,btlc->btc", self.shares.softmax(0), layers)
        return torch.where(known, self.project(mixed), self.null)


def embed_sound(*, size: int, width: int, layers: int) -> Embed:
    """Sound as tokens: one layer as it is, several mixed."""
    return Embed(size=size, width=width) if layers == 1 else MixedEmbed(size=size, width=width, layers=layers)
