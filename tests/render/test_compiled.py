"""A compiled renderer shows the same, whatever the length, with one program."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.conftest import tiny_pipeline
from vasa.pipeline import Pipeline
from vasa.render.compiled import compiled
from vasa.types import Motion, Portrait


def test_short_motion_is_filled_up_and_cut_again(pipe: Pipeline) -> None:
    lengths: list[int] = []

    def render(portrait: Portrait, motion: Motion) -> Tensor:
        lengths.append(motion.length)
        return pipe.renderer.render(portrait, motion)

    side, space = pipe.renderer.image_size, pipe.renderer.space
    with torch.no_grad():
        portrait = pipe.renderer.encode(torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)))
        motion = space.unpack(0.1 * torch.randn(1, 3, space.size, generator=torch.Generator().manual_seed(1)))
        shown = compiled(render, frames=5, backend="eager")(portrait, motion)
        torch.testing.assert_close(shown, pipe.renderer.render(portrait, motion), rtol=1e-4, atol=1e-5)
    assert lengths == [5]


def test_a_compiled_pipeline_shows_the_same(tone: Tensor, portrait: Tensor) -> None:
    pipe = tiny_pipeline()
    plain = pipe(portrait, (tone.numpy(), 16_000))
    assert pipe.compile(backend="eager") > 0
    again = pipe(portrait, (tone.numpy(), 16_000))
    assert (plain.pixels.int() - again.pixels.int()).abs().max() <= 1


def test_where_torch_cannot_compile_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> object:
        def program(*_: object) -> Tensor:
            raise RuntimeError("no compiler found\nand a long trace")

        return program

    monkeypatch.setattr(torch, "compile", refuse)
    with pytest.raises(ValueError, match=r"cannot compile the renderer on this machine \(no compiler found\)"):
        tiny_pipeline().compile()
