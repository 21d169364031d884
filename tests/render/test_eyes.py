"""The band of the eyes lies where the head is, and changes nothing before it has learned."""

from __future__ import annotations

import pytest
import torch

from vasa.config import instantiate, leaf
from vasa.geometry import pose_matrix, sample_picture, transform
from vasa.render import VolumeRenderer
from vasa.render.eyes import CENTRE, REACH, SURFACE, EyeBand, on_band
from vasa.render.losses import BandLoss
from vasa.render.passes import Passes
from vasa.render.truth import Truth
from vasa.testing import check_renderer
from vasa.types import Motion


def _band() -> EyeBand:
    torch.manual_seed(0)
    return EyeBand(motion=10, size=48, rows=28, width=8, blocks=1, embedding=16)


POSES = torch.tensor([[0.0] * 6, [0.5, 0.2, -0.3, 0.1, -0.1, 0.2], [-0.6, -0.2, 0.2, 0.0, 0.1, -0.3]])


def test_every_pixel_finds_its_place_on_the_band() -> None:
    x, y = torch.rand(2, 3, 200, generator=torch.Generator().manual_seed(0)) * 0.5 - 0.25
    head = torch.stack([x, y + CENTRE, SURFACE - x**2], dim=-1)
    seen = transform(pose_matrix(POSES), head)[..., :2]  # where heads show these points
    found = sample_picture(on_band(POSES, 256, 0.5).permute(0, 3, 1, 2), seen[:, None])[:, :, 0].mT
    torch.testing.assert_close(found, torch.stack([x / REACH, y / (REACH * 0.5)], dim=-1), atol=0.01, rtol=0)


def test_a_new_band_changes_nothing() -> None:
    latents = torch.cat([POSES, torch.randn(3, 4)], dim=1)
    redrawn = _band()(torch.rand(3, 3, 32, 32), latents, latents.flip(0), 32)
    assert redrawn.by.shape == (3, 32, 32, 2)
    assert redrawn.paint.shape == (3, 3, 32, 32)
    assert not redrawn.by.any()
    assert not redrawn.paint.any()


@pytest.mark.parametrize("pose", POSES)
def test_it_changes_the_eyes_and_nothing_else(pose: torch.Tensor) -> None:
    band = _band()
    torch.nn.init.constant_(band.last.bias, 4.0)
    latents = torch.cat([pose, torch.zeros(4)])[None]
    redrawn = band(torch.rand(1, 3, 64, 64), latents, latents, 64)
    inside = (on_band(pose[None], 64, 28 / 48).abs() < 0.8).all(-1)
    outside = (on_band(pose[None], 64, 28 / 48).abs() > 1.1).any(-1)
    assert inside.sum() > 50
    assert (redrawn.paint[:, 0][inside] > 3).all()
    assert not redrawn.paint[:, 0][outside].any()
    along = pose_matrix(pose[None])[0, :2, :2] @ torch.full((2,), band.STEP)
    torch.testing.assert_close(redrawn.by[inside], along.expand(int(inside.sum()), 2), atol=1e-3, rtol=0)


def test_looked_up_where_it_was_the_band_is_the_sources() -> None:
    band, pictures = _band(), torch.rand(3, 3, 64, 64)
    latents = torch.cat([POSES, torch.randn(3, 4)], dim=1)
    torch.testing.assert_close(band.reenacted(pictures, latents, latents.flip(0)), band.seen(pictures, latents))


def test_steps_can_go_along_with_the_latents() -> None:
    """A driver whose fifth dynamics number is 1 looks a step to the right: what lay there comes to the middle."""
    band = _band()
    torch.nn.init.constant_(band.basis[9, 0], 9.0)
    axis = (torch.arange(64) + 0.5) / 32 - 1
    ramp = axis.expand(1, 3, 64, 64)
    own, driver = torch.zeros(1, 10), torch.zeros(1, 10)
    driver[0, 9] = 1
    moved = band.reenacted(ramp, own, driver) - band.seen(ramp, own)
    torch.testing.assert_close(moved[..., 8:-8, 10:-10], torch.full_like(moved[..., 8:-8, 10:-10], band.STEP))


def _with_eyes() -> VolumeRenderer:
    torch.manual_seed(0)
    renderer: VolumeRenderer = instantiate(leaf("renderer", "tiny"))
    size = renderer.space.size
    renderer.eyes = EyeBand(motion=size, size=16, rows=8, width=8, blocks=1, embedding=8)
    return renderer


def _passes(renderer: VolumeRenderer) -> Passes:
    """Two sources with two drivers each, that look alike but for their latents."""
    side, latents = renderer.image_size, torch.randn(4, renderer.space.size) * 0.1

    def truth(count: int) -> Truth:
        picture = torch.rand(2, 3, side, side).repeat(count // 2, 1, 1, 1)
        empty = {name: torch.zeros(0) for name in ("place", "depth", "part", "expression", "emphasis", "eyes")}
        return Truth(picture=picture, pose=torch.zeros(count, 6), **empty)

    own = Motion(latents[:2, None, :6], latents[:2, None, 6:])
    return Passes(renderer, truth(2), truth(4), of_source=own, latents=latents, foreground=False)


def test_a_renderer_with_eyes_keeps_the_promises_of_renderers() -> None:
    check_renderer(_with_eyes().eval())


def test_the_band_loss_teaches_the_eyes_alone() -> None:
    renderer = _with_eyes()
    BandLoss()(_passes(renderer)).backward()
    moved = {name.split(".")[0] for name, p in renderer.named_parameters() if p.grad is not None and p.grad.any()}
    assert moved == {"eyes"}
    renderer.eyes = None
    with pytest.raises(ValueError, match="give it `eyes`"):
        BandLoss()(_passes(renderer))


def test_a_band_has_even_sides() -> None:
    with pytest.raises(ValueError, match="even sides; got 16 x 9"):
        EyeBand(motion=10, size=16, rows=9, width=8, blocks=1, embedding=8)
