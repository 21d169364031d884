"""Where in a picture a face may be: the reader looks at all windows of the picture at once, from large to small."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from vasa.face.crop import Crop
from vasa.face.detector import MIN_FACE_PX

TURNS = (1.2, -1.2)  # radians, at which heads are looked for that lie on a side: readers know those up to 0.8 upright
TURNED_PX = 320  # pixels a side of the picture in which they are


class Windows(Protocol):
    """Judges all windows of a picture at once, as `vasa.face.reader.FaceReader` does."""

    image_size: int
    stride: int

    def windows(self, picture: Tensor) -> Tensor:
        """Logits [B, h, w] of windows of `image_size`, every `stride` pixels, of pictures [B, 3, H, W]."""
        ...


class WindowSearch:
    """Crops of a picture [3, H, W] that may show a face, for a more exact judge: large ones first, some at a time.

    least: the smallest crop, in shorter sides of the picture, unless that is less than a face can have; step: from one
    size to the next. most: crops of a size; above: their least logit. Heads that lie on a side come last.
    """

    def __init__(
        self, reader: Windows, *, least: float = 0.1, step: float = 1.5, most: int = 4, above: float = -2.0
    ) -> None:
        self._reader, self._least, self._step, self._most, self._above = reader, least, step, most, above

    def __call__(self, picture: Tensor) -> Iterator[list[Crop]]:
        height, width = picture.shape[-2:]
        yield from self._upright(picture)
        for turn in TURNS:
            area = Crop(width / 2, height / 2, max(height, width), turn)
            turned = area.crop(picture, TURNED_PX)
            yield from ([area.of_cut(crop, TURNED_PX) for crop in some] for some in self._upright(turned))

    def _upright(self, picture: Tensor) -> Iterator[list[Crop]]:
        shorter = min(picture.shape[-2:])
        least = max(self._least * shorter, 1.5 * MIN_FACE_PX)
        sizes = 1 + max(0, math.floor(math.log(shorter / least, self._step)))
        yield from (self._likely(picture, shorter / self._step**n) for n in range(sizes))

    @torch.no_grad()
    def _likely(self, picture: Tensor, side_px: float) -> list[Crop]:
        """The likeliest windows of this side that are likelier than those beside them."""
        stride, scale = self._reader.stride, self._reader.image_size / side_px
        size = [max(self._reader.image_size, round(scale * n)) for n in picture.shape[-2:]]
        seen = self._reader.windows(F.interpolate(picture[None], size, mode="bilinear", antialias=True))[0].cpu()
        likeliest = F.max_pool2d(seen[None], 3, stride=1, padding=1)[0]
        rows, columns = torch.nonzero((seen == likeliest) & (seen > self._above), as_tuple=True)
        order = seen[rows, columns].argsort(descending=True)[: self._most]
        middle = (math.ceil(self._reader.image_size / stride) - 1) * stride / 2
        return [
            Crop((c * stride + middle) / scale, (r * stride + middle) / scale, side_px)
            for r, c in zip(rows[order].tolist(), columns[order].tolist(), strict=True)
        ]
