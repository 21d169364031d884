"""Clips as a mirror shows them: the same voice over a face whose sides have changed places.

A few hundred people lean somewhere on average, each voice to the side of the one person who has it, and a motion
generator learns both; beside their mirror images they lean nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vasa.data.footage import Altered, Footage

# Yaw, roll and x change their sign.
_SIDED = {"pose": (-1.0, 1.0, -1.0, -1.0, 1.0, 1.0), "gaze": (-1.0, 1.0), "eyes": (-1.0, 1.0)}
_SIDES = str.maketrans("LR", "RL")
_EVEN = ("distance", "emotion", "lip_opening")


class Mirrored(Altered):
    """The mirror image of a clip, with those labels that motion is learned from.

    expressions: what its film calls them, which says the side each is on.
    """

    def __init__(self, clip: Footage, expressions: Sequence[str]) -> None:
        super().__init__(clip, f"{clip.name}m")
        self.partners = partners(expressions)

    @property
    def labels(self) -> dict[str, Tensor]:
        """Each [T, ...]."""
        there = self.clip.labels
        turned = {name: there[name] * torch.tensor(signs) for name, signs in _SIDED.items() if name in there}
        swapped = {"blink": [1, 0], "expression": self.partners}
        turned |= {name: there[name][:, columns] for name, columns in swapped.items() if name in there}
        return turned | {name: there[name] for name in _EVEN}

    def frames(self, index: np.ndarray | slice) -> Tensor:
        """[n, 3, H, W], uint8."""
        return self.clip.frames(index).flip(-1)


def partners(names: Sequence[str]) -> list[int]:
    """Of every expression the place of the one it is in a mirror, itself where it has no side.

    mouthLeft is mouthRight there (ARKit), and LLbrowUp is RRbrowUp (FaceKit).
    """
    place = {name: index for index, name in enumerate(names)}
    return [place.get(_other_side(name), index) for index, name in enumerate(names)]


def _other_side(name: str) -> str:
    if ends := re.search("(Left|Right)$", name):
        return name[: ends.start()] + {"Left": "Right", "Right": "Left"}[ends[0]]
    begins = re.match("L+|R+", name)
    return name if begins is None else begins[0].translate(_SIDES) + name[begins.end() :]
