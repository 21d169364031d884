"""How many frames a second a renderer makes of a face that it remembers."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from vasa.render.protocol import Renderer
from vasa.types import Motion, Portrait


def remembered(renderer: Renderer, device: torch.device) -> Portrait:
    """A picture of noise, encoded: what is done once per face."""
    side = renderer.image_size
    with torch.inference_mode():
        return renderer.encode(torch.rand(1, 3, side, side, device=device))


def frames_a_second(renderer: Renderer, portrait: Portrait, *, frames: int, batch: int) -> float:
    """Speed of `render` over at least so many frames in batches, after one batch to warm up."""
    motion, batches = _trembling(portrait, batch), -(-frames // batch)
    with torch.inference_mode():
        _waited(renderer.render(portrait, motion))
        started = time.perf_counter()
        for _ in range(batches):
            pictures = renderer.render(portrait, motion)
        _waited(pictures)
    return batches * batch / (time.perf_counter() - started)


def _trembling(portrait: Portrait, length: int) -> Motion:
    """The portrait's own motion, a little different in every frame."""
    tracks = (track.repeat(1, length, 1) for track in (portrait.motion.pose, portrait.motion.dynamics))
    return Motion(*(track + 0.02 * torch.randn_like(track) for track in tracks))


def _waited(pictures: Tensor) -> None:
    """Wait until pictures that were asked for are made; accelerators answer before they have computed."""
    if pictures.device.type != "cpu":
        torch.accelerator.synchronize(pictures.device)
