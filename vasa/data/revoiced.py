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
from vasa.data.footage import Altered, Footage


class Revoiced(Altered):
    """A clip whose sound is changed by `Augmentation`, alike whenever it is asked for and unlike for each `number`."""

    def __init__(self, clip: Footage, number: int) -> None:
        super().__init__(clip, f"{clip.name}v{number}")

    def speech(self) -> Tensor:
        """What is heard of the clip: [S] in [-1, 1]."""
        chance = np.random.default_rng(zlib.crc32(self.name.encode()))
        return torch.from_numpy(Augmentation()(self.clip.speech().numpy(), chance))
