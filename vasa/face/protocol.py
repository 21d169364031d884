"""What reads one thing off faces: `vasa.face.reader.FaceReader` does all three, public models one each.

All take square pictures [B, 3, H, H] in [0, 1] of any size, framed as `vasa.face.crop` frames a face, and are
differentiable in them, so that they serve measuring and losses alike.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class GazeReader(Protocol):
    """Where faces look."""

    def gaze_of(self, picture: Tensor) -> Tensor:
        """[B, 2] yaw, pitch in radians, camera frame (`vasa.geometry.direction`)."""
        ...


@runtime_checkable
class EmotionReader(Protocol):
    """What faces show."""

    def emotion_of(self, picture: Tensor) -> Tensor:
        """[B, 8] probabilities of `vasa.types.EMOTIONS`."""
        ...


@runtime_checkable
class IdentityReader(Protocol):
    """Who faces are."""

    def identity_of(self, picture: Tensor) -> Tensor:
        """[B, I] of unit length: the cosine of two says how alike their people are."""
        ...
