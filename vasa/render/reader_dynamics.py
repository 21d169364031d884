"""Facial dynamics and head pose as a face reader sees them: it knows more people than a renderer's film shows."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from vasa import checkpoint
from vasa.face.reader import FaceReader
from vasa.render.motion_encoder import Dynamics, Pose, aligned
from vasa.render.readers import SHIPPED


class ReaderDynamics(nn.Module):
    """Picture [B, 3, H, W] seen at a head pose [B, 6] -> facial dynamics [B, dim], in place of `Dynamics`.

    Not in the papers, whose encoder is a ResNet of its own: a gaze is a few pixels of a face and a mood differs from
    person to person, and what tells them apart is learned from many people. reader: it keeps its weights and its norms'
    statistics; dim: of the dynamics; hidden: units beside the straight line from its insights; reach: canonical units
    from the middle of what it is shown to the edges, with the face upright and of one size, as for `Dynamics`;
    dropout: share of the insights and units that each step of training goes without.
    """

    def __init__(
        self, *, reader: FaceReader, dim: int, hidden: int, reach: float = 0.85, dropout: float = 0.4
    ) -> None:
        super().__init__()
        self.reader, self.reach = reader.eval().requires_grad_(False), reach
        self.drop = nn.Dropout(dropout)
        self.think = nn.Sequential(nn.Linear(reader.insights, hidden), nn.LeakyReLU(0.1), nn.Dropout(dropout))
        self.last = nn.Linear(reader.insights + hidden, dim)

    def forward(self, picture: Tensor, pose: Tensor) -> Tensor:
        return self.say(self.insight(picture, pose))

    def insight(self, picture: Tensor, pose: Tensor) -> Tensor:
        """What its reader sees of faces brought upright: [B, 3, H, W] at [B, 6] -> [B, I]."""
        return self.reader.insight(aligned(picture, pose, size=self.reader.sharp_size, reach=self.reach))

    def pose_of(self, picture: Tensor) -> Tensor:
        """The head pose [B, 6] that the reader sees in pictures [B, 3, H, W]."""
        return self.reader.estimate(picture).pose

    def say(self, insight: Tensor) -> Tensor:
        """Insights [B, I] -> dynamics [B, dim]."""
        kept = self.drop(insight)
        said: Tensor = self.last(torch.cat([kept, self.think(kept)], dim=1))
        return said

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        self.reader.eval()
        return self

    def begin(self, folder: Path | str = SHIPPED) -> None:
        """Take the weights of a face reader's checkpoint; raises ValueError where it has other sizes."""
        checkpoint.fill(self.reader, checkpoint.load(folder).state_dict(), folder)


class ReaderPose(nn.Module):
    """Picture [B, 3, H, W] -> head pose [B, 6] as the reader of some dynamics says it; has no weights of its own."""

    def __init__(self, dynamics: ReaderDynamics) -> None:
        super().__init__()
        self._dynamics = (dynamics,)  # in a tuple, where torch does not look for modules: the weights are the dynamics'

    def forward(self, picture: Tensor) -> Tensor:
        return self._dynamics[0].pose_of(picture)


def pose_encoder(pose: Pose | None, dynamics: Dynamics | ReaderDynamics) -> Pose | ReaderPose:
    """The pose encoder, or where there is none the reader of the dynamics; raises ValueError where that is none."""
    if pose is not None:
        return pose
    if not isinstance(dynamics, ReaderDynamics):
        raise ValueError("A renderer without a pose encoder needs dynamics that a face reader sees: ReaderDynamics.")
    return ReaderPose(dynamics)
