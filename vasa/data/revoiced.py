"""Clips as other throats say them in other rooms: the same face, whose voice is another one.

The few voices of a film are heard better than any that comes later. A motion generator that has met one movement
under several voices, heard worse and worse, trusts what it hears as far as it should.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import Tensor

from vasa.audio.augment import Augmentation
from vasa.data.mirror import Footage


class Revoiced:
    """A clip whose sound is changed by `Augmentation`, alike whenever it is asked for and unlike for each `number`."""

    def __init__(self, clip: Footage, number: int) -> None:
        self.clip, self.name, self.facts = clip, f"{clip.name}v{number}", clip.facts

    def __len__(self) -> int:
        return len(self.clip)

    @property
    def split(self) -> str:
        return self.clip.split

    @property
    def labels(self) -> dict[str, Tensor]:
        """Each [T, ...]."""
        return self.clip.labels

    def frames(self, index: np.ndarray | slice) -> Tensor:
        """[n, 3, H, W], uint8."""
        return self.clip.frames(index)

    def speech(self) -> Tensor:
        """What is heard of the clip: [S] in [-1, 1]."""
        chance = np.random.default_rng(zlib.crc32(self.name.encode()))
        return torch.from_numpy(Augmentation()(self.clip.speech().numpy(), chance))
