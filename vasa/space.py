"""What motion latents mean: names, sizes, statistics and rate. Two parts fit when their spaces are equal."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vasa.geometry import POSE
from vasa.types import Motion

_POSE_MEAN = (0.0,) * len(POSE)
_POSE_STD = (0.2, 0.15, 0.1, 0.1, 0.1, 0.15)  # our choice; `vasa extract` replaces it by what it measured


@dataclass(frozen=True)
class MotionSpace:
    """Motion latents: `pose` (6, see `vasa.geometry`) then `dynamics`, with the mean and spread of each number."""

    dynamics: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    frame_rate: int = 25
    name: str = "vasa"

    def __post_init__(self) -> None:
        for label in ("mean", "std"):
            values = tuple(round(float(value), 6) for value in getattr(self, label))
            object.__setattr__(self, label, values)
            if len(values) != self.size:
                raise ValueError(
                    f"A motion space of {self.size} numbers needs as many for its {label}; got {len(values)}."
                )
        if not all(value > 0 for value in self.std):  # nor NaN
            raise ValueError("Every std of a motion space must be above zero; leave out latents that never move.")

    @classmethod
    def plain(cls, dynamics: int, *, name: str = "vasa") -> MotionSpace:
        """The space of a renderer whose latents were not measured yet: unit spread for the dynamics."""
        return cls(dynamics, _POSE_MEAN + (0.0,) * dynamics, _POSE_STD + (1.0,) * dynamics, name=name)

    @classmethod
    def measured(cls, motion: Sequence[Motion], *, name: str = "vasa") -> MotionSpace:
        """Mean and std over all frames of these tracks; raises ValueError for fewer than two."""
        rows = torch.cat([track.frames() for track in motion]).double()
        if len(rows) < 2:
            raise ValueError(f"A motion space is measured of two frames or more; got {len(rows)}.")
        mean, std = rows.mean(0), rows.std(0).clamp_min(1e-4)
        return cls(rows.shape[1] - len(POSE), tuple(mean.tolist()), tuple(std.tolist()), name=name)

    def __str__(self) -> str:
        """One line for messages; spaces that differ differ here."""
        statistics = zlib.crc32(repr((self.mean, self.std)).encode())
        return f"{self.name}(dynamics={self.dynamics}, frame_rate={self.frame_rate}, statistics={statistics:08x})"

    @property
    def size(self) -> int:
        """M: how many numbers a frame of motion has."""
        return len(POSE) + self.dynamics

    def pack(self, motion: Motion) -> Tensor:
        """Motion -> normalised latents [B, T, M]."""
        raw = torch.cat([motion.pose, motion.dynamics], dim=-1)
        if raw.shape[-1] != self.size:
            raise ValueError(f"This motion has {raw.shape[-1]} numbers a frame, the space {self.size}.")
        return (raw - raw.new_tensor(self.mean)) / raw.new_tensor(self.std)

    def unpack(self, latents: Tensor) -> Motion:
        """Normalised latents [B, T, M] -> Motion; inverse of `pack`."""
        raw = latents * latents.new_tensor(self.std) + latents.new_tensor(self.mean)
        return Motion(pose=raw[..., : len(POSE)], dynamics=raw[..., len(POSE) :])
