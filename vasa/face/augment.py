"""From a film's frames to what the reader learns from."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from vasa.face.cover import another_background, faceless, occluded
from vasa.face.labels import FaceLabels, Move
from vasa.face.scatter import Reach, moved, textures, to_some
from vasa.face.spoil import spoiled


@dataclass(frozen=True)
class Augmentation:
    """Changes pictures, and their labels with them.

    reach: how far they move. no_face: share whose face is taken away. background: share with another background;
    surround: share with something else around the picture, not its edge gone on. occluders: share with a thing in
    front. damage: share that each of blur, low resolution, noise and JPEG happens to.
    """

    reach: Reach = field(default_factory=Reach)
    no_face: float = 0.12
    background: float = 0.4
    surround: float = 0.5
    occluders: float = 0.4
    damage: float = 0.2

    def __call__(
        self, picture: Tensor, part: Tensor, known: FaceLabels, size: int, random: torch.Generator
    ) -> tuple[Tensor, FaceLabels]:
        """picture [B, 3, H, H] in [0, 1], part [B, h, w] of the film's place maps -> [B, 3, size, size] and labels."""
        with torch.autocast(picture.device.type, enabled=False):
            empty = torch.rand(len(picture), generator=random) < self.no_face
            known = known.without_face(empty.to(known.face.device))
            picture = another_background(picture, part, random, share=self.background)
            picture = _without_faces(picture, part, empty.to(picture.device), random)
            move = self.reach.draw(len(picture), random).to(picture.device)
            picture = self._surrounded(*moved(picture, move, size), random)
            picture = occluded(picture, random, share=self.occluders)
            return spoiled(picture, random, share=self.damage), move.labels(known)

    def _surrounded(self, picture: Tensor, inside: Tensor, random: torch.Generator) -> Tensor:
        def framed_anew(some: Tensor, rows: Tensor) -> Tensor:
            return torch.lerp(textures(len(some), some.shape[-1], random).to(some), some, inside[rows])

        return to_some(picture, framed_anew, random, self.surround)


def _without_faces(picture: Tensor, part: Tensor, rows: Tensor, random: torch.Generator) -> Tensor:
    """Rows [B] (bool) lose their face."""
    if not rows.any():
        return picture
    picture = picture.clone()
    picture[rows] = faceless(picture[rows], part[rows], random)
    return picture


def framed(picture: Tensor, size: int) -> Tensor:
    """Pictures [B, 3, H, H] unchanged, at the reader's size."""
    return moved(picture, Move.nothing(len(picture)).to(picture.device), size)[0]
