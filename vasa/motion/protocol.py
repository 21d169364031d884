"""The boundary of motion: sound and controls in, motion out, one window at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from vasa.space import MotionSpace
from vasa.types import Controls, Motion


@dataclass(frozen=True)
class MotionState:
    """Where a track stands between two windows; everything that the next window has to know.

    motion: [B, K, M] last frames made, normalised, before any pose offset. features: [B, K, A] their sound.
    known: [B, K], False for frames before the track began. frame: [B] frames made so far. seed: [B].
    memory: [B, N] whatever else a generator keeps from frame to frame; N is 0 for most. space: of the motion.
    """

    motion: Tensor
    features: Tensor
    known: Tensor
    frame: Tensor
    seed: Tensor
    memory: Tensor
    space: MotionSpace

    @classmethod
    def begin(
        cls, seed: Tensor, space: MotionSpace, *, carry: int, motion_dim: int, audio_dim: int, memory: int = 0
    ) -> MotionState:
        """Nothing made yet; seed [B]. carry: K."""
        batch, device = len(seed), seed.device
        return cls(
            motion=torch.zeros(batch, carry, motion_dim, device=device),
            features=torch.zeros(batch, carry, audio_dim, device=device),
            known=torch.zeros(batch, carry, dtype=torch.bool, device=device),
            frame=torch.zeros_like(seed),
            seed=seed,
            memory=torch.zeros(batch, memory, device=device),
            space=space,
        )

    @staticmethod
    def cat(states: Sequence[MotionState]) -> MotionState:
        """One batch of all their tracks, one after another."""
        joined = {name: torch.cat([getattr(s, name) for s in states]) for name in _TRACKED}
        return MotionState(**joined, space=states[0].space)

    def __getitem__(self, rows: slice) -> MotionState:
        """Some tracks of the batch."""
        return MotionState(**{name: getattr(self, name)[rows] for name in _TRACKED}, space=self.space)

    def after(self, motion: Tensor, features: Tensor, *, memory: Tensor | None = None) -> MotionState:
        """The state once motion [B, T, M], normalised, was made for features [B, T, A]; `memory` stays if not given."""
        carry, frames = self.known.shape[1], motion.shape[1]
        made = torch.ones(motion.shape[:2], dtype=torch.bool, device=motion.device)
        return replace(
            self,
            motion=_last(torch.cat([self.motion, motion], dim=1), carry),
            features=_last(torch.cat([self.features, features], dim=1), carry),
            known=_last(torch.cat([self.known, made], dim=1), carry),
            frame=self.frame + frames,
            memory=self.memory if memory is None else memory,
        )


_TRACKED = ("motion", "features", "known", "frame", "seed", "memory")


def _last(track: Tensor, frames: int) -> Tensor:
    return track[:, track.shape[1] - frames :]


@runtime_checkable
class MotionGenerator(Protocol):
    """Turns sound and controls into motion, one window at a time; keeps nothing between calls."""

    space: MotionSpace

    @property
    def window(self) -> int:
        """Frames the network sees at once."""
        ...

    def start(self, batch_size: int, *, seed: int) -> MotionState:
        """A fresh track for each face; face b of a batch has seed `seed + b`, so a batch equals its faces alone."""
        ...

    def step(self, features: Tensor, controls: Controls, state: MotionState) -> tuple[Motion, MotionState]:
        """features [B, T, A], T at most `window` -> motion of T frames and the state for the next call."""
        ...
