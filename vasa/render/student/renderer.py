"""Student: motion latents become pictures of the faces that it was taught, without a volume or a warp."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor, nn

from vasa.render.appearance import Identity
from vasa.render.blocks import conv
from vasa.render.checks import check_motion, check_picture, check_portrait
from vasa.render.motion_encoder import Dynamics, Pose
from vasa.render.reader_dynamics import ReaderDynamics, pose_encoder
from vasa.render.student.spade import SpadeBlock
from vasa.space import MotionSpace
from vasa.types import Motion, Portrait

START = 4  # pixels a side where the first block works


class Student(nn.Module):
    """Shows `avatars` known faces in motion; implements `vasa.render.Renderer` (MegaPortraits, student model).

    widths: of the blocks at 4, 8, 16, ... pixels a side (published: 192 five times, 96, 48, 24). tensor_px: the
    largest side of a face's own tensors (published: 64). pose, dynamics, identity: the teacher's, which read motion and
    tell faces apart; the published ResNet-18 of its own reads pictures, ours takes latents, so that a voice can drive
    it. likeness: cosine of identity codes from which on a picture shows a known face. Raises ValueError where the
    widths do not end at image_size.
    """

    codes: Tensor

    def __init__(
        self, *, image_size: int, space: MotionSpace, avatars: int, widths: Sequence[int], pose: Pose | None,
        dynamics: Dynamics | ReaderDynamics, identity: Identity, tensor_px: int = 64, likeness: float = 0.3,
    ) -> None:  # fmt: skip
        super().__init__()
        if START << (len(widths) - 1) != image_size:
            raise ValueError(
                f"{len(widths)} widths make pictures of {START << (len(widths) - 1)} pixels a side, not {image_size}; "
                "every width after the first doubles the size."
            )
        self.image_size, self.space, self.likeness = image_size, space, likeness
        self.pose, self.dynamics, self.identity = pose_encoder(pose, dynamics), dynamics, identity
        self.shapes = [(2, width, *2 * [min(START << n, tensor_px)]) for n, width in enumerate(widths)]
        self.faces = nn.Parameter(0.1 * torch.randn(avatars, sum(map(math.prod, self.shapes))))
        self.register_buffer("codes", torch.zeros(avatars, identity.dim))
        self.start = nn.Linear(space.size, widths[0] * START**2)
        self.blocks = nn.ModuleList(SpadeBlock(a, b) for a, b in itertools.pairwise([widths[0], *widths]))
        self.last = conv(2, widths[-1], 3)

    def encode(self, image: Tensor) -> Portrait:
        """Which known face pictures [B, 3, H, W] show; raises ValueError where one shows none of them."""
        check_picture(image, self.image_size)
        code = self.identity(image).float()
        alike, number = (F.normalize(code, dim=1) @ F.normalize(self.codes, dim=1).mT).max(dim=1)
        if alike.min() < self.likeness:
            raise ValueError(
                f"This student knows {len(self.faces)} faces, and a picture shows none of them (likeness "
                f"{float(alike.min()):.2f}, asked for {self.likeness:g}); take its teacher, or train a student on it."
            )
        return Portrait(rearrange(self.faces[number], "b n -> b n 1 1 1"), code, self.motion_of(image[:, None]), image)

    def motion_of(self, image: Tensor) -> Motion:
        """The motion seen in pictures [B, T, 3, H, W]."""
        check_picture(image, self.image_size)
        frames = rearrange(image, "b t c h w -> (b t) c h w")
        pose = self.pose(frames).float()
        tracks = (pose, self.dynamics(frames, pose).float())
        return Motion(*(rearrange(x, "(b t) m -> b t m", b=image.shape[0]) for x in tracks))

    def render(self, portrait: Portrait, motion: Motion) -> Tensor:
        """Show known faces in motion: [B, T, 3, H, W], values in [0, 1]."""
        shape = (self.faces.shape[1], 1, 1, 1)
        check_portrait(portrait, volume=shape, identity=self.codes.shape[1], size=self.image_size)
        check_motion(motion, self.space, portrait)
        faces = repeat(portrait.volume, "b n 1 1 1 -> (b t) n", t=motion.length)
        return rearrange(self.show(faces, motion), "(b t) c h w -> b t c h w", t=motion.length)

    def show(self, faces: Tensor, motion: Motion) -> Tensor:
        """One picture for every frame of motion: tensors of faces [B * T, N] -> [B * T, 3, H, W]."""
        latents = rearrange(self.space.pack(motion), "b t m -> (b t) m")
        x = rearrange(self.start(latents), "b (c h w) -> b c h w", h=START, w=START)
        parts = faces.split([math.prod(shape) for shape in self.shapes], dim=1)
        for number, (block, part, shape) in enumerate(zip(self.blocks, parts, self.shapes, strict=True)):
            x = F.interpolate(x, scale_factor=2.0, mode="nearest") if number else x
            x = block(x, part.unflatten(1, shape))
        return self.last(F.relu(F.instance_norm(x))).float().sigmoid()
