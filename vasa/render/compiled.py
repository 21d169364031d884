"""Frames of a renderer by a program that torch compiles for the machine at hand."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vasa.types import Motion, Portrait

Render = Callable[[Portrait, Motion], Tensor]  # as `vasa.render.Renderer.render`


def compiled(render: Render, *, frames: int, backend: str = "inductor") -> Render:
    """The same for up to so many frames at once; its first call compiles, which takes a minute or so.

    Shorter motion is filled up with its last frame, so that one program serves all lengths. backend: torch's name of
    the compiler.
    """
    program = torch.compile(render, backend=backend, dynamic=False)

    def show(portrait: Portrait, motion: Motion) -> Tensor:
        missing = frames - motion.length
        whole = Motion.cat([motion, *[motion[slice(-1, None)]] * missing])
        return program(portrait, whole)[:, : motion.length]

    return show
