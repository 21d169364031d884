"""What is read off a face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor

SURE = 0.05  # crop units; a point that is expected to be this far off has a confidence of a half


@dataclass(frozen=True)
class FaceReading:
    """What a reader sees in pictures of one face each; all of batch B, in the crop units of the picture read.

    landmarks: [B, 68, 2] x right, y down, [-1, 1] across the picture, in the order of 300-W (`vasa.face.points`);
    points that are hidden or outside the picture are where they would be.
    confidence: [B, 68], 1 where no error is expected, a half where it is 0.05 crop units.
    pose: [B, 6] yaw, pitch, roll in radians, x, y in crop units, log scale, see `vasa.geometry`.
    gaze: [B, 2] yaw, pitch in radians, camera frame. blink: [B, 2] how far each eye is closed, 0 to 1, as a film
    labels them. lip_opening: [B] gap between the inner lips over the distance from chin to eyes.
    arkit: [B, 52] coefficients 0 to 1 of `vasa.face.arkit.ARKIT`. emotion: [B, 8] probabilities of
    `vasa.types.EMOTIONS`. identity: [B, I] of unit length: the cosine of two says how alike their people are.
    face: [B] probability that the picture shows a face.
    """

    landmarks: Tensor
    confidence: Tensor
    pose: Tensor
    gaze: Tensor
    blink: Tensor
    lip_opening: Tensor
    arkit: Tensor
    emotion: Tensor
    identity: Tensor
    face: Tensor

    @staticmethod
    def cat(parts: Sequence[FaceReading]) -> FaceReading:
        """Batches one after another."""
        return FaceReading(**{f.name: torch.cat([getattr(p, f.name) for p in parts]) for f in fields(FaceReading)})


@dataclass(frozen=True)
class Estimate:
    """What the network says before it is put in words: what losses are taken of; all of batch B.

    spread: [B, 68] expected error of each point, crop units. emotion: [B, 8] and face: [B] are logits, identity: [B, I]
    has any length; the others as in `FaceReading`.
    """

    landmarks: Tensor
    spread: Tensor
    pose: Tensor
    gaze: Tensor
    blink: Tensor
    lip_opening: Tensor
    arkit: Tensor
    emotion: Tensor
    identity: Tensor
    face: Tensor

    def __getitem__(self, rows: Tensor) -> Self:
        """Some rows of the batch."""
        return replace(self, **{name: value[rows] for name, value in vars(self).items()})

    def reading(self) -> FaceReading:
        """Confidence, probabilities and unit length."""
        return FaceReading(
            landmarks=self.landmarks,
            confidence=SURE / (SURE + self.spread),
            pose=self.pose,
            gaze=self.gaze,
            blink=self.blink.clamp(0, 1),
            lip_opening=self.lip_opening,
            arkit=self.arkit.clamp(0, 1),
            emotion=self.emotion.softmax(-1),
            identity=self.identity / self.identity.norm(dim=-1, keepdim=True).clamp_min(1e-6),
            face=self.face.sigmoid(),
        )
