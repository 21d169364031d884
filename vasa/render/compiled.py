"""Frames of a renderer by a program that torch compiles for the machine at hand."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vasa.render.protocol import Renderer
from vasa.render.speed import fast
from vasa.types import Motion, Portrait

Render = Callable[[Portrait, Motion], Tensor]  # as `vasa.render.Renderer.render`


def compiled(render: Render, *, frames: int, backend: str = "inductor") -> Render:
    """The same for up to so many frames of one face at once; its first call compiles, which takes a minute or so.

    Shorter motion is filled up with its last frame, so that one program serves all lengths. backend: torch's name of
    the compiler.
    """
    program = torch.compile(render, backend=backend, dynamic=False)

    def show(portrait: Portrait, motion: Motion) -> Tensor:
        missing = frames - motion.length
        whole = Motion.cat([motion, *[motion[slice(-1, None)]] * missing])
        return program(portrait, whole)[:, : motion.length]

    return show


@torch.no_grad()
def warmed_up(renderer: Renderer, *, frames: int, device: torch.device, backend: str = "inductor") -> Render:
    """A renderer's `render`, compiled here and now on a picture of noise; raises ValueError where it cannot be."""
    side = renderer.image_size
    show = compiled(renderer.render, frames=frames, backend=backend)
    portrait = renderer.encode(torch.rand(1, 3, side, side, device=device))
    try:
        with fast(device):
            show(portrait, portrait.motion)
    except RuntimeError as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(f"torch cannot compile the renderer on this machine ({reason}); go without.") from error
    return show
