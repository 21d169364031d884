"""VolumeRenderer: MegaPortraits' parts with VASA-1's latents, put together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from einops import rearrange, reduce, repeat
from torch import Tensor, nn

from vasa.geometry import grid, invert, pose_matrix, sample_picture, transform
from vasa.render import backdrop, blocks
from vasa.render.appearance import Appearance, Identity
from vasa.render.articulation import Articulation
from vasa.render.canonical import Canonical
from vasa.render.checks import check_motion, check_picture, check_portrait
from vasa.render.closeup import Closeup
from vasa.render.decoder import Decoder, Projection
from vasa.render.meaning import Meaning
from vasa.render.motion_encoder import Dynamics, Pose
from vasa.render.reader_dynamics import ReaderDynamics, pose_encoder
from vasa.render.speed import exact
from vasa.render.warp import Warp, bend, look, rigid_grid
from vasa.space import MotionSpace
from vasa.types import Motion, Portrait


@dataclass(frozen=True)
class Shown:
    """One frame each of B faces, and how it came about.

    picture [B, 3, H, W]; field [B, 3, d, h, w] the canonical place of every posed cell; depth [B, d, h, w] weights;
    moved [B, 3, H, W] the source's texture at its new place; share [B, 1, H, W] what is face and not still background.
    """

    picture: Tensor
    field: Tensor
    depth: Tensor
    moved: Tensor
    share: Tensor


class VolumeRenderer(nn.Module):
    """Turns one face and a motion into pictures; implements `vasa.render.Renderer`.

    MegaPortraits 2.1 with the identity code in place of e_s (VASA-1, 3.1). `image_size` is the side of its pictures in
    pixels; `space` what its latents mean; `blend` lets the decoder use the source's own pixels, `closeup` redraws eyes,
    brows and mouth closely over what is decoded (both not in the papers); without `pose` the reader of `dynamics` tells
    it, see `ReaderDynamics`; `spectral` divides the weights of residual
    blocks by their largest singular value (MegaPortraits, training details); `meaning` says which labels of virtual
    people the dynamics stand for, and is added by training on them; `articulation` opens lips as far as they are told.
    """

    def __init__(
        self, *, image_size: int, space: MotionSpace, appearance: Appearance, identity: Identity, pose: Pose | None,
        dynamics: Dynamics | ReaderDynamics, to_canonical: Warp, canonical: Canonical, to_posed: Warp,
        projection: Projection, decoder: Decoder, blend: bool, closeup: Closeup | None = None, spectral: bool = False,
        meaning: Meaning | None = None, articulation: Articulation | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.image_size, self.space, self.blend = image_size, space, blend
        self.appearance, self.identity, self.dynamics = appearance, identity, dynamics
        self.pose = pose_encoder(pose, dynamics)
        self.to_canonical, self.canonical, self.to_posed = to_canonical, canonical, to_posed
        self.projection, self.decoder = projection, decoder
        self.meaning, self.articulation = meaning, articulation
        if spectral:
            blocks.spectral(self)
        self.closeup = closeup  # whose weights are as they are

    def encode(self, image: Tensor) -> Portrait:
        """Picture [B, 3, H, W], values in [0, 1] -> what to remember of the face."""
        check_picture(image, self.image_size)
        portrait = self.remember(image, self.motion_of(image[:, None]))
        if not self.blend:
            return portrait
        return replace(portrait, head=backdrop.head_of(self.show(portrait, portrait.motion.frames()).share))

    def motion_of(self, image: Tensor) -> Motion:
        """The motion seen in pictures [B, T, 3, H, W]."""
        check_picture(image, self.image_size)
        frames = rearrange(image, "b t c h w -> (b t) c h w")
        pose = self.pose(frames).float()
        dynamics = self.dynamics(frames, pose).float()
        return Motion(*(rearrange(x, "(b t) m -> b t m", b=image.shape[0]) for x in (pose, dynamics)))

    def render(self, portrait: Portrait, motion: Motion) -> Tensor:
        """Show a face in motion: [B, T, 3, H, W], values in [0, 1]."""
        self._check(portrait, motion)
        picture = self.show(spread(portrait, motion.length), motion.frames()).picture
        return rearrange(picture, "(b t) c h w -> b t c h w", t=motion.length)

    def remember(self, image: Tensor, motion: Motion) -> Portrait:
        """The source side, computed once: to canonical, then refined; image [B, 3, H, W], motion with T = 1.

        What training calls: `encode` also tells where the head hides the background, which takes a frame to see.
        """
        code, posed = self.identity(image), self.appearance(image)
        latents = motion.frames()
        offsets = self.to_canonical(latents, code)
        with exact(image.device):
            cells = rearrange(offsets, "b i d h w -> b d h w i") + grid(*offsets.shape[2:], like=offsets)
            route = rearrange(transform(pose_matrix(latents[:, :6].float()), cells), "b d h w i -> b i d h w")
        details = None if self.closeup is None else self.closeup.look(image, latents)
        return Portrait(self.canonical(look(posed, route)), code, motion, image, route, details)

    def show(self, portrait: Portrait, latents: Tensor) -> Shown:
        """One frame each: portraits of B faces, latents [B, M]."""
        own = portrait.motion.frames()
        if self.articulation is not None:
            own, latents = self.articulation(own), self.articulation(latents)
        offsets = self.to_posed(latents, portrait.identity)
        with exact(latents.device):  # half precision would make a head that turns slowly tremble
            away = rigid_grid(invert(pose_matrix(latents[:, :6].float())), offsets.shape[2:])
            field = bend(offsets, away)
        assert portrait.route is not None
        inside = torch.ones_like(portrait.route[:, :1])  # outside the volume there is no route
        seen = look(torch.cat([portrait.volume, portrait.route[:, :2], inside], dim=1).float(), field)
        features, depth = self.projection(seen[:, :-3], field, latents)
        still, was = portrait.picture, portrait.head
        route, source = self._route(seen[:, -3:], depth), still if was is None else torch.cat([still, was], dim=1)
        moved, now = torch.tensor_split(sample_picture(source, route), [3], dim=1)
        picture, share = self.decoder(features, [moved, still] if self.blend else [])
        if was is not None:
            picture = backdrop.without_ghost(picture, share, moved, still, was, now)
        if self.closeup is not None:
            assert portrait.details is not None
            picture = self.closeup.over(picture, portrait.picture, portrait.details, own, latents)
        return Shown(picture, field, depth, moved, share)

    def _route(self, route: Tensor, depth: Tensor) -> Tensor:
        """Where each pixel's place on the head was seen in the source, itself where its place lies outside the volume:
        x, y and how much is inside, [B, 3, d, h, w] -> [B, H, W, 2]."""
        there, inside = reduce(route * depth[:, None], "b i d h w -> b i h w", "sum").split([2, 1], dim=1)
        size = (self.image_size, self.image_size)
        away = there - inside * rearrange(grid(1, *depth.shape[-2:], like=there)[0, ..., :2], "h w i -> i h w")
        away = F.interpolate(away, size=size, mode="bilinear", align_corners=False)
        return grid(1, *size, like=away)[0, ..., :2] + rearrange(away, "b i h w -> b h w i")

    def _check(self, portrait: Portrait, motion: Motion) -> None:
        shape = (self.canonical.channels, *self.to_posed.size)
        check_portrait(portrait, volume=shape, identity=self.to_posed.identity.in_features, size=self.image_size)
        if portrait.route is None:
            raise ValueError("This portrait has no route: another renderer made it. Encode the picture again.")
        found = None if portrait.details is None else tuple(portrait.details.shape[1:])
        if found != (None if self.closeup is None else self.closeup.details):
            raise ValueError("This portrait was remembered with another closeup or none: encode the picture again.")
        check_motion(motion, self.space, portrait)


def spread(portrait: Portrait, length: int) -> Portrait:
    """Each portrait once a frame: batch B -> B * length."""
    return portrait.map(lambda x: repeat(x, "b ... -> (b t) ...", t=length))
