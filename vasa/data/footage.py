"""What extraction asks of a clip, and clips that are others but for one thing."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from torch import Tensor


class Footage(Protocol):
    """What extraction asks of a clip, see `vasa.data.clip.Clip`."""

    name: str
    facts: dict[str, Any]

    def __len__(self) -> int: ...

    @property
    def split(self) -> str: ...

    @property
    def labels(self) -> dict[str, Tensor]: ...

    def frames(self, index: np.ndarray | slice) -> Tensor: ...

    def speech(self) -> Tensor: ...


class Altered:
    """A clip under another name, all of it as it was: what is different is for those to say that inherit it."""

    def __init__(self, clip: Footage, name: str) -> None:
        self.clip, self.name, self.facts = clip, name, clip.facts

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
        """The clip's sound: [S] in [-1, 1]."""
        return self.clip.speech()
