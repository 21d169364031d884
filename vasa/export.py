"""What other run-times run of a renderer: its per-frame path, as ONNX or as PyTorch's own exported program."""

from __future__ import annotations

import copy
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from vasa.geometry import POSE
from vasa.media.files import writable_file
from vasa.render import Renderer
from vasa.render.blocks import fold
from vasa.types import Motion, Portrait
from vasa.whole import beside

SUFFIXES = (".onnx", ".pt2")
EXAMPLE_FRAMES = 3  # any number but 0 and 1, which PyTorch would take for constants


class PerFrame(nn.Module):
    """The per-frame path on tensors alone: a portrait's (see `inputs`), motion [T, M] -> frames [T, 3, H, W]."""

    def __init__(self, renderer: nn.Module) -> None:
        super().__init__()
        self.renderer = renderer

    def forward(
        self, volume: Tensor, identity: Tensor, own_motion: Tensor, picture: Tensor, route: Tensor | None,
        details: Tensor | None, head: Tensor | None, motion: Tensor,
    ) -> Tensor:  # fmt: skip
        portrait = Portrait(volume, identity, _track(own_motion), picture, route, details, head)
        return cast(Renderer, self.renderer).render(portrait, _track(motion))[0]


def inputs(portrait: Portrait, motion: Motion) -> dict[str, Tensor]:
    """What an exported program takes, by name, of one face: its portrait, once, and its motion of T frames [T, M].

    Renderers whose portraits have no `route`, `details` or `head` take none.
    """
    if portrait.volume.shape[0] != 1 or motion.batch_size != 1:
        raise ValueError(f"An exported program shows one face; got {portrait.volume.shape[0]} portraits.")
    named = {
        "volume": portrait.volume, "identity": portrait.identity, "own_motion": portrait.motion.frames(),
        "picture": portrait.picture, "route": portrait.route, "details": portrait.details,
        "head": portrait.head, "motion": motion.frames(),
    }  # fmt: skip
    return {name: value for name, value in named.items() if value is not None}


def program(renderer: Renderer) -> torch.export.ExportedProgram:
    """The per-frame path of a renderer, for any number of frames, on the CPU and in float32.

    Its names are those of `inputs`; `torch.export.save` keeps it, `.module()` runs it.
    """
    assert isinstance(renderer, nn.Module)
    model = fold(copy.deepcopy(renderer).cpu().float().eval())
    assert isinstance(model, Renderer)
    side = model.image_size
    with torch.no_grad():
        portrait = model.encode(torch.rand(1, 3, side, side))
        named = inputs(portrait, model.space.unpack(torch.zeros(1, EXAMPLE_FRAMES, model.space.size)))
        example = dict.fromkeys(("route", "details", "head")) | named
        shapes = {name: {0: torch.export.Dim.DYNAMIC} if name == "motion" else None for name in example}
        return torch.export.export(PerFrame(model), (), kwargs=example, dynamic_shapes=shapes)


def save(renderer: Renderer, path: Path | str) -> None:
    """Write the per-frame path to FILE.onnx or FILE.pt2, whole or not at all.

    Raises ValueError or FileNotFoundError as `destination` does.
    """
    place = destination(path)
    exported = program(renderer)
    with beside(place) as file:
        _write(exported, str(file))


def destination(path: Path | str) -> Path:
    """Where a program can be written; raises ValueError or FileNotFoundError where it cannot, or ONNX is not there."""
    place = writable_file(path, SUFFIXES)
    if place.suffix == ".onnx" and find_spec("onnxscript") is None:
        raise ValueError('ONNX is written by an extra: pip install "vasa-talk[export]", or take the ending .pt2.')
    return place


def _write(exported: torch.export.ExportedProgram, path: str) -> None:
    if path.endswith(".pt2"):
        return torch.export.save(exported, path)
    made = torch.onnx.export(exported, dynamo=True, verbose=False)
    assert made is not None
    made.save(path, external_data=False)


def _track(motion: Tensor) -> Motion:
    return Motion(motion[None, :, : len(POSE)], motion[None, :, len(POSE) :])
