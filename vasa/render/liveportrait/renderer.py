"""LivePortraitRenderer: F, M, W, G and S put together behind `vasa.render.Renderer`."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor, nn

from vasa.render.checks import check_motion, check_picture
from vasa.render.liveportrait import opening
from vasa.render.liveportrait.appearance import Appearance
from vasa.render.liveportrait.decoder import SpadeDecoder
from vasa.render.liveportrait.keypoints import POINTS, seen_keypoints
from vasa.render.liveportrait.motion import MotionExtractor, Reading
from vasa.render.liveportrait.retargeting import Retargeting
from vasa.render.liveportrait.warp import Warping
from vasa.render.openness import Openness
from vasa.render.speed import exact
from vasa.space import MotionSpace
from vasa.types import Motion, Portrait


class LivePortraitRenderer(nn.Module):
    """Turns one face and a motion into pictures; a `vasa.render.Renderer` that also retargets eyes and lips.

    image_size: side of its pictures, in and out; the networks look at half of it. space: 63 dynamics, the expression
    offsets of 21 key points (x, y, z each, crop units, y down, z into the picture). stitch: correct the driving key
    points so that shoulders stay where they are. Raises ValueError where a size does not fit.
    """

    def __init__(
        self, *, image_size: int, space: MotionSpace, appearance: Appearance, motion: MotionExtractor, warp: Warping,
        decoder: SpadeDecoder, retargeting: Retargeting, stitch: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if space.dynamics != 3 * POINTS:
            raise ValueError(f"LivePortrait's space has {3 * POINTS} dynamics; got {space.dynamics}.")
        self.image_size, self.space, self.stitch = image_size, space, stitch
        self.appearance, self.motion, self.warp = appearance, motion, warp
        self.decoder, self.retargeting = decoder, retargeting

    def encode(self, image: Tensor) -> Portrait:
        """Picture [B, 3, H, W], values in [0, 1] -> what to remember of the face; its identity is x_c [B, 63]."""
        small = self._halved(image)
        reading: Reading = self.motion(small)
        motion = Motion(reading.pose[:, None], reading.expression[:, None])
        return Portrait(self.appearance(small), reading.canonical, motion, image)

    def motion_of(self, image: Tensor) -> Motion:
        """The motion seen in pictures [B, T, 3, H, W]."""
        reading: Reading = self.motion(self._halved(rearrange(image, "b t c h w -> (b t) c h w")))
        tracks = (rearrange(x, "(b t) m -> b t m", b=image.shape[0]) for x in (reading.pose, reading.expression))
        return Motion(*tracks)

    def render(self, portrait: Portrait, motion: Motion) -> Tensor:
        """Show a face in motion: [B, T, 3, H, W], values in [0, 1]."""
        if portrait.identity.shape[-1] != 3 * POINTS:
            raise ValueError(
                f"This portrait is another renderer's: its identity has {portrait.identity.shape[-1]} numbers, not "
                f"{3 * POINTS}. Encode the picture again with this renderer."
            )
        check_motion(motion, self.space, portrait)
        source, driving = self.moved(portrait, motion)
        volume = repeat(portrait.volume, "b c d h w -> (b t) c d h w", t=motion.length)
        pictures = self.decoder(self.warp(volume, source, driving))
        return rearrange(pictures, "(b t) c h w -> b t c h w", t=motion.length)

    @torch.no_grad()
    def opened(
        self, portrait: Portrait, motion: Motion, was: Openness, *, eyes: Tensor | None, lips: Tensor | None
    ) -> Motion:
        """The motion with eyes and lips [B, T] as far open as asked; see `vasa.render.openness.Retargets`."""
        with exact(portrait.volume.device):
            return opening.opened(self.retargeting, portrait, motion, was, eyes, lips)

    @torch.no_grad()
    def with_lips_closed(self, portrait: Portrait, motion: Motion, was: Openness) -> Motion:
        """The motion for a face whose lips, open in its picture, count as closed."""
        with exact(portrait.volume.device):
            return opening.with_lips_closed(self.retargeting, portrait, motion, was)

    def moved(self, portrait: Portrait, motion: Motion) -> tuple[Tensor, Tensor]:
        """Key points of the source and of every frame, in full precision: [B * T, 21, 3] both."""
        with exact(portrait.volume.device):
            still = seen_keypoints(portrait.identity, portrait.motion)
            source = repeat(still, "b k i -> (b t) k i", t=motion.length)
            driving = seen_keypoints(portrait.identity, motion)
            return source, self.retargeting.stitched(source, driving) if self.stitch else driving

    def _halved(self, image: Tensor) -> Tensor:
        check_picture(image, self.image_size)
        return F.avg_pool2d(image, 2)
