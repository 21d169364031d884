"""Which landmarks are eyes and mouth, for detectors of 203, 106, 101, 68 or 5 points; left is the picture's left."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SMALLEST_PX = 1e-6  # keeps a ratio finite where two points coincide


@dataclass(frozen=True)
class Layout:
    """Landmarks whose mean is the middle of the left eye, of the right eye and of the mouth."""

    left_eye: tuple[int, ...]
    right_eye: tuple[int, ...]
    mouth: tuple[int, ...]

    def middles(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Half-way between the eyes, and the mouth: points [..., N, 2] -> two of [..., 2]."""
        left, right, mouth = (points[..., list(i), :].mean(-2) for i in (self.left_eye, self.right_eye, self.mouth))
        return (left + right) / 2, mouth


LAYOUTS = {
    203: Layout((0, 6, 12, 18), (24, 30, 36, 42), (48, 66)),
    106: Layout((33, 35, 40, 39), (87, 89, 94, 93), (52, 61)),
    101: Layout((39, 42, 45, 48), (51, 54, 57, 60), (75, 81)),
    68: Layout((36, 39), (42, 45), (48, 54)),
    5: Layout((0,), (1,), (3, 4)),
}
# Left eye, right eye, lips: points of the upper and of the lower edge, whose middles are meant, left and right end. The
# lips' height is that between their inner edges, their width that of the whole mouth.
Ends = tuple[tuple[int, ...], tuple[int, ...], int, int]
OPENINGS: dict[int, tuple[Ends, Ends, Ends]] = {
    203: (((6,), (18,), 0, 12), ((30,), (42,), 24, 36), ((90,), (102,), 48, 66)),
    68: (((37, 38), (40, 41), 36, 39), ((43, 44), (46, 47), 42, 45), ((62,), (66,), 48, 54)),
}


def layout_of(points: Tensor) -> Layout:
    """The layout of landmarks [..., N, 2]; raises ValueError where there is none for N."""
    count = points.shape[-2]
    if count not in LAYOUTS:
        raise ValueError(f"Got {count} landmarks; a face has {', '.join(map(str, LAYOUTS))} of them.")
    return LAYOUTS[count]


def eye_openness(points: Tensor) -> Tensor:
    """Height over width of the left and the right eye, from 203 or 68 landmarks [..., N, 2]: [..., 2]."""
    left, right, _ = _openings(points)
    return torch.stack([_openness(points, left), _openness(points, right)], dim=-1)


def lip_openness(points: Tensor) -> Tensor:
    """Height over width of what lies between the lips, from 203 or 68 landmarks [..., N, 2]: [..., 1]."""
    return _openness(points, _openings(points)[2])[..., None]


def _openings(points: Tensor) -> tuple[Ends, Ends, Ends]:
    count = points.shape[-2]
    if count not in OPENINGS:
        raise ValueError(f"Openness is read from {' or '.join(map(str, OPENINGS))} landmarks; got {count}.")
    return OPENINGS[count]


def _openness(points: Tensor, ends: Ends) -> Tensor:
    top, bottom = (points[..., list(edge), :].mean(-2) for edge in ends[:2])
    left, right = (points[..., end, :] for end in ends[2:])
    return (top - bottom).norm(dim=-1) / ((left - right).norm(dim=-1) + SMALLEST_PX)
