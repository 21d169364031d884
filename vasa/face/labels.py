"""What is known about pictures of faces, and how it changes when a picture is turned, enlarged, moved or mirrored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from einops import einsum
from torch import Tensor

from vasa.face import arkit
from vasa.face.points import MIRRORED
from vasa.geometry import direction, gaze_along


@dataclass(frozen=True)
class FaceLabels:
    """The truth about pictures of faces; all of batch B, in the units of `vasa.face.reading.FaceReading`.

    landmarks: [B, 68, 2]. seen: [B, 68] bool, whether the camera sees the point. pose: [B, 6]. gaze: [B, 2].
    blink: [B, 2]. lip_opening: [B]. arkit: [B, 52]. emotion: [B, 8] shares; acted: [B] bool, whether the face shows
    them. person: [B] int. face: [B] bool; where it is false the rest says nothing.
    """

    landmarks: Tensor
    seen: Tensor
    pose: Tensor
    gaze: Tensor
    blink: Tensor
    lip_opening: Tensor
    arkit: Tensor
    emotion: Tensor
    acted: Tensor
    person: Tensor
    face: Tensor

    def __getitem__(self, rows: Tensor | slice) -> Self:
        """Some rows of the batch."""
        return replace(self, **{name: value[rows] for name, value in vars(self).items()})

    @staticmethod
    def cat(parts: Sequence[FaceLabels]) -> FaceLabels:
        """Batches one after another."""
        return FaceLabels(**{f.name: torch.cat([getattr(p, f.name) for p in parts]) for f in fields(FaceLabels)})

    def without_face(self, rows: Tensor) -> Self:
        """With rows [B] (bool) that show no face."""
        return replace(self, face=self.face & ~rows)


@dataclass(frozen=True)
class Move:
    """Where every place of a picture goes: first a mirror (x to -x), then a turn about the middle, a scale and a shift.

    mirrored: [B] bool. angle: [B] radians, counter-clockwise as seen. log_scale: [B]. shift: [B, 2] crop units.
    """

    mirrored: Tensor
    angle: Tensor
    log_scale: Tensor
    shift: Tensor

    @classmethod
    def nothing(cls, count: int) -> Self:
        """Everything stays."""
        zero = torch.zeros(count)
        return cls(zero.bool(), zero, zero, torch.zeros(count, 2))

    def to(self, device: torch.device) -> Self:
        return replace(self, **{name: value.to(device) for name, value in vars(self).items()})

    def points(self, places: Tensor) -> Tensor:
        """Where places [B, N, 2] in crop units go."""
        return einsum(self._matrix(), places, "b i j, b n j -> b n i") + self.shift[:, None]

    def back(self, places: Tensor) -> Tensor:
        """The places [B, N, 2] that go there: inverse of `points`."""
        return einsum(torch.linalg.inv(self._matrix()), places - self.shift[:, None], "b i j, b n j -> b n i")

    def labels(self, known: FaceLabels) -> FaceLabels:
        """What is known once the picture has moved; `seen` turns false for points that leave the picture."""
        known = _mirror(known, self.mirrored)
        upright = replace(self, mirrored=torch.zeros_like(self.mirrored))
        landmarks = upright.points(known.landmarks)
        inside = (landmarks.abs() < 1).all(-1)
        yaw, pitch, roll, _, _, log_scale = known.pose.unbind(-1)
        x, y = upright.points(known.pose[:, None, 3:5])[:, 0].unbind(-1)
        pose = torch.stack([yaw, pitch, roll + self.angle, x, y, log_scale + self.log_scale], dim=-1)
        return replace(
            known, landmarks=landmarks, seen=known.seen & inside, pose=pose, gaze=turned(known.gaze, self.angle)
        )

    def _matrix(self) -> Tensor:
        """[B, 2, 2]; y runs down, so a counter-clockwise turn has its sine above."""
        cos, sin = self.angle.cos(), self.angle.sin()
        side = torch.where(self.mirrored, -1.0, 1.0)
        rows = [torch.stack([cos * side, sin], dim=-1), torch.stack([-sin * side, cos], dim=-1)]
        return torch.stack(rows, dim=-2) * self.log_scale.exp()[:, None, None]


def turned(gaze: Tensor, angle: Tensor) -> Tensor:
    """Yaw and pitch [B, 2] of a direction once the camera's picture is turned counter-clockwise by angle [B]."""
    x, y, z = direction(*gaze.unbind(-1)).unbind(-1)
    cos, sin = angle.cos(), angle.sin()
    return gaze_along(torch.stack([cos * x - sin * y, sin * x + cos * y, z], dim=-1))


def _mirror(known: FaceLabels, rows: Tensor) -> FaceLabels:
    """The subject's right and left change places in some rows [B]."""
    across = known.landmarks.new_tensor([-1.0, 1.0])
    swapped = {
        "landmarks": known.landmarks[:, list(MIRRORED)] * across,
        "seen": known.seen[:, list(MIRRORED)],
        "pose": known.pose * known.pose.new_tensor([-1.0, 1.0, -1.0, -1.0, 1.0, 1.0]),
        "gaze": known.gaze * across,
        "blink": known.blink.flip(-1),
        "arkit": known.arkit[:, list(arkit.MIRRORED)],
    }
    chosen = {}
    for name, value in swapped.items():
        old = getattr(known, name)
        chosen[name] = torch.where(rows.view(-1, *[1] * (old.ndim - 1)), value, old)
    return replace(known, **chosen)
