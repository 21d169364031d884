"""Heads that move leave no trace of where they were."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from vasa.render import VolumeRenderer
from vasa.render.backdrop import head_of, without_ghost
from vasa.types import Motion, Portrait

SIDE, SHIFT = 64, 20  # pixels


def _square(left: int) -> Tensor:
    mask = torch.zeros(1, 1, SIDE, SIDE)
    mask[..., 20:40, left : left + 20] = 1
    return mask


def _shown(was: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """A white head on grey that moves to the right, and what a decoder makes of it that lets the still source through
    where its share is low: the picture, and that without ghost."""
    still = 0.5 + 0.5 * _square(10).expand(-1, 3, -1, -1)
    moved = still.roll(SHIFT, dims=-1)
    picture = share * moved + (1 - share) * still
    return picture, without_ghost(picture, share, moved, still, was, was.roll(SHIFT, dims=-1))


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_where_the_head_was_there_is_background(share: float) -> None:
    """Whatever the decoder says of the place that the head left."""
    there = torch.maximum(_square(10 + SHIFT), share * _square(10))
    picture, clean = _shown(_square(10), there)
    assert float(picture.max()) == 1
    wanted = 0.5 + 0.5 * _square(10 + SHIFT).expand(-1, 3, -1, -1)
    torch.testing.assert_close(clean, wanted)


def test_a_head_that_keeps_still_is_what_was_decoded() -> None:
    picture, moved, head = torch.rand(1, 3, SIDE, SIDE), torch.rand(1, 3, SIDE, SIDE), _square(10)
    torch.testing.assert_close(without_ghost(picture, head, moved, moved, head, head), picture)


def test_what_was_never_head_stays_as_it_was() -> None:
    picture, moved, share = torch.rand(1, 3, SIDE, SIDE), torch.rand(1, 3, SIDE, SIDE), torch.rand(1, 1, SIDE, SIDE)
    clean = without_ghost(picture, share, moved, torch.rand(1, 3, SIDE, SIDE), _square(10), _square(12))
    outside = (_square(10) == 0).expand_as(picture)
    assert torch.equal(clean[outside], picture[outside])


def test_a_head_is_taken_wider_than_it_surely_is() -> None:
    head = head_of(torch.nn.functional.interpolate(_square(10), size=(256, 256)))
    rows, columns = torch.nonzero(head[0, 0] > 0.5, as_tuple=True)
    assert (rows.min(), rows.max()) == (80 - 5, 160 + 4)
    assert (columns.min(), columns.max()) == (40 - 5, 120 + 4)
    assert 0 <= float(head.min()) <= float(head.max()) <= 1


@pytest.fixture
def portrait(renderer: VolumeRenderer) -> Portrait:
    torch.manual_seed(0)
    with torch.inference_mode():
        return renderer.encode(torch.rand(1, 3, 32, 32))


def test_an_encoded_face_knows_where_its_head_is(renderer: VolumeRenderer, portrait: Portrait) -> None:
    with torch.inference_mode():
        seen = renderer.show(replace(portrait, head=None), portrait.motion.frames()).share
        assert portrait.head is not None
        torch.testing.assert_close(portrait.head, head_of(seen))
        assert renderer.remember(portrait.picture, portrait.motion).head is None


def test_renderers_show_the_uncovered_background(renderer: VolumeRenderer, portrait: Portrait) -> None:
    with torch.inference_mode():
        latents = Motion(portrait.motion.pose + 0.2, portrait.motion.dynamics).frames()
        plain = renderer.show(replace(portrait, head=None), latents)
        everywhere = replace(portrait, head=torch.ones_like(plain.share))
        nowhere = replace(portrait, head=torch.zeros_like(plain.share))
        torch.testing.assert_close(renderer.show(nowhere, latents).picture, plain.picture)
        wanted = plain.picture + (1 - plain.share) * (plain.moved - portrait.picture)
        torch.testing.assert_close(renderer.show(everywhere, latents).picture, wanted)


def test_beyond_the_volume_a_pixel_is_looked_up_where_it_is(renderer: VolumeRenderer, portrait: Portrait) -> None:
    """And not in the middle of the picture, where a route of nothing would lead."""
    with torch.inference_mode():
        far = torch.cat([torch.zeros(1, 1, 3), torch.tensor([[[9.0, 0.0, 0.0]]])], dim=-1)  # the head is out of sight
        shown = renderer.show(portrait, Motion(far, portrait.motion.dynamics).frames())
        torch.testing.assert_close(shown.moved, portrait.picture, atol=1e-4, rtol=0)
