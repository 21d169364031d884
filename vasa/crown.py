"""The crown of a head, which reaches out of the square that is rendered, goes along with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from vasa.face.crop import Crop, centres
from vasa.geometry import pose_matrix, sample_picture

REACH, SIDE = 0.7, 1.2  # crop units: how far above the square it may go, and its half width
BLEND = 0.35  # crop units: over which it becomes the rendered face; close to a square's edge renderers guess
_WIDER = 0.1  # crop units: a head that moves aside takes so much of what is beside it along
_SOFT = 0.06  # crop units: over which that ends


@dataclass(frozen=True)
class Crown:
    """A strip of a picture [3, H, W], from above the square of its face down to where the rendered face covers it.

    picture: the strip [3, h, w]; rows, columns: where it lies; square: of the face, in its pixels; at: its pixels in
    crop units [h, w, 2]; share: how much of each goes along with the head [h, w]; pose: of the head that it shows [6].
    """

    picture: Tensor
    rows: slice
    columns: slice
    square: Crop
    at: Tensor
    share: Tensor
    pose: Tensor

    @classmethod
    def of(cls, picture: Tensor, square: Crop, head: Tensor, pose: Tensor) -> Self | None:
        """Of a face in pose [6], where `head` [1, S, S] says how much of a pixel of its square is head; None where the
        picture ends below it."""
        corners = torch.tensor([[x, y] for x in (-SIDE, SIDE) for y in (-1 - REACH, BLEND - 1)])
        low, high = (x.round().long() for x in square.to_picture(corners).aminmax(dim=0))
        (left, top), (right, bottom) = low.clamp_min(0).tolist(), high.tolist()
        strip = picture[:, top : max(bottom, 0), left : max(right, 0)]
        if not strip.numel():
            return None
        inside = replace(square, x_px=square.x_px - left, y_px=square.y_px - top)
        at = inside.to_crop(centres(strip.shape[1], strip.shape[2], strip))
        return cls(
            strip, slice(top, top + strip.shape[1]), slice(left, left + strip.shape[2]), inside, at,
            _share(head, at), pose,
        )  # fmt: skip

    def follow(self, pictures: Tensor, pose: Tensor) -> None:
        """Let the strip in pictures [T, 3, H, W] go along with a head in poses [T, 6]; in place.

        A head is taken for a plane through its middle that faces the camera, which its outline nearly lies in.
        """
        now, was = (pose_matrix(p)[:, :2] for p in (pose, self.pose[None]))
        back = was[..., :2] @ torch.linalg.inv(now[..., :2])  # crop units of a frame -> those of the picture
        moved = torch.einsum("t i j, t h w j -> t h w i", back, self.at - rearrange(now[..., 3], "t i -> t 1 1 i"))
        where = torch.lerp(self.at, moved + was[..., 3], self.share[..., None])
        height, width = self.picture.shape[-2:]
        places = self.square.to_picture(where) * 2 / where.new_tensor([width, height]) - 1
        strips = self.picture.expand(len(pose), -1, -1, -1)
        pictures[:, :, self.rows, self.columns] = sample_picture(strips, places)


def _share(head: Tensor, at: Tensor) -> Tensor:
    """How much of places [h, w, 2], in crop units, goes along: as much as is head where the square ends, less above."""
    reach, soft = (round(units * head.shape[-1] / 2) for units in (_WIDER, _SOFT))
    wide = F.max_pool2d(head[None], 2 * reach + 1, stride=1, padding=reach)
    wide = F.avg_pool2d(F.pad(wide, (soft,) * 4, mode="replicate"), 2 * soft + 1, stride=1)
    there = sample_picture(wide, at[None].clamp(-0.99, 0.99))[0, 0]
    above = ((at[..., 1] + 1 + REACH) / REACH).clamp(0, 1)
    return there * above * above * (3 - 2 * above)
