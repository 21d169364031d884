"""Facial dynamics as a face reader sees them: it knows more people than a renderer's film shows."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from torch import Tensor, nn

from vasa import checkpoint
from vasa.face.reader import FaceReader
from vasa.render.motion_encoder import aligned
from vasa.render.readers import SHIPPED


class ReaderDynamics(nn.Module):
    """Picture [B, 3, H, W] seen at a head pose [B, 6] -> facial dynamics [B, dim], in place of `Dynamics`.

    Not in the papers, whose encoder is a ResNet of its own: a gaze is a few pixels of a face and a mood differs from
    person to person, and what tells them apart is learned from many people. reader: it keeps its weights and its norms'
    statistics; dim: of the dynamics; reach: canonical units from the middle of what it is shown to the edges, with the
    face upright and of one size, as for `Dynamics`.
    """

    def __init__(self, *, reader: FaceReader, dim: int, reach: float = 1.3) -> None:
        super().__init__()
        self.reader, self.reach = reader.requires_grad_(False), reach
        self.last = nn.Linear(reader.insights, dim)

    def forward(self, picture: Tensor, pose: Tensor) -> Tensor:
        face = aligned(picture, pose, size=self.reader.sharp_size, reach=self.reach)
        said: Tensor = self.last(self.reader.insight(face))
        return said

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        self.reader.eval()
        return self

    def begin(self, folder: Path | str = SHIPPED) -> None:
        """Take the weights of a face reader's checkpoint; raises ValueError where it has other sizes."""
        checkpoint.fill(self.reader, checkpoint.load(folder).state_dict(), folder)
