"""Lips open farther, and nothing else changes where they are shut."""

from __future__ import annotations

import torch

from vasa.config import instantiate, leaf
from vasa.render import VolumeRenderer
from vasa.render.articulation import Articulation
from vasa.render.meaning import Meaning
from vasa.testing import check_renderer


def _made(gain: float = 1.5) -> tuple[Articulation, Meaning]:
    labels = torch.rand(500, 12, generator=torch.Generator().manual_seed(0))
    labels[:, 0] = 2 * labels[:, -1]  # a jaw that goes along
    meaning = Meaning.principal(labels, torch.ones(12), dynamics=8)
    return Articulation.of(meaning, labels, gain=gain), meaning


def test_lips_open_so_many_times_as_far_and_what_goes_along_with_them() -> None:
    articulation, meaning = _made()
    dynamics = torch.randn(50, 8, generator=torch.Generator().manual_seed(1))
    before = meaning(dynamics)
    after = meaning(articulation(torch.cat([torch.zeros(50, 6), dynamics], dim=1))[:, 6:])
    opened = before[:, -1] > 0
    assert 5 < int(opened.sum()) < 45
    torch.testing.assert_close(after[opened, -1], 1.5 * before[opened, -1])
    torch.testing.assert_close(after[~opened], before[~opened])
    jaw = (after - before)[opened, 0] / (after - before)[opened, -1]
    torch.testing.assert_close(jaw, torch.full_like(jaw, 2.0), atol=0.2, rtol=0)


def test_a_gain_of_one_and_poses_stay() -> None:
    latents = torch.randn(9, 14, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(_made(1.0)[0](latents), latents)
    assert torch.equal(_made()[0](latents)[:, :6], latents[:, :6])


def test_a_renderer_with_it_keeps_the_promises_of_renderers() -> None:
    torch.manual_seed(0)
    renderer: VolumeRenderer = instantiate(leaf("renderer", "tiny"))
    renderer.articulation = _made()[0]
    check_renderer(renderer.eval())
