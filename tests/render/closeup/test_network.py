"""A new closeup shows the source; what it says is done where the face is."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from vasa.config import instantiate, leaf
from vasa.geometry import pose_matrix
from vasa.render import VolumeRenderer
from vasa.render.closeup import Closeup, surface
from vasa.testing import check_renderer
from vasa.types import Motion

POSES = torch.tensor([[0.0] * 6, [0.4, 0.1, -0.2, 0.1, -0.1, 0.1]])
LATENTS = torch.cat([POSES, torch.zeros(2, 4)], dim=1)


def _closeup(motion: int = 10) -> Closeup:
    torch.manual_seed(0)
    made: Closeup = instantiate({**leaf("closeup", "tiny"), "motion": motion})
    return made


def _blind(closeup: Closeup) -> Closeup:
    """One that sees eyeballs nowhere."""
    torch.nn.init.constant_(closeup.last.bias[18:22], -30.0)
    return closeup


def _toothless(closeup: Closeup) -> Closeup:
    """One whose teeth end above all lips and begin below them."""
    closeup.teeth.upper.edge, closeup.teeth.lower.edge = -9.0, 9.0
    return closeup


def _shown(closeup: Closeup, pictures: torch.Tensor, own: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
    return closeup.drawn(closeup(closeup.look(pictures, own), own, latents), pictures, own)


def test_a_new_closeup_looks_the_source_up() -> None:
    closeup, pictures = _closeup(), torch.rand(2, 3, 64, 64)
    change = closeup(closeup.look(pictures, LATENTS), LATENTS, LATENTS.flip(0))
    assert not change[:, :2].any()
    assert (change[:, 2] > 0.9).all()
    seen = closeup.patch(pictures, POSES)
    assert float((closeup.drawn(change, pictures, LATENTS) - seen).abs().max()) < 0.05


def test_steps_go_along_with_the_latents_from_where_the_face_was_seen() -> None:
    """A driver whose third dynamics number is 1 looks a step to the right: what lay there comes to the middle."""
    closeup = _blind(_closeup())
    torch.nn.init.constant_(closeup.basis[8, 0], 9.0)
    torch.nn.init.constant_(closeup.last.bias[2:6], 20.0)  # all is looked up
    axis = (torch.arange(64) + 0.5) / 32 - 1
    ramp = axis.expand(2, 3, 64, 64)
    driver = LATENTS.clone()
    driver[:, 8] = 1
    moved = _shown(closeup, ramp, LATENTS, driver) - closeup.patch(ramp, POSES)
    at = surface.places(16, 16, ramp).expand(2, -1, -1, -1)
    step = at.new_tensor([closeup.STEP, 0.0])
    wanted = (surface.on_picture(at + step, POSES) - surface.on_picture(at, POSES))[..., 0]
    torch.testing.assert_close(moved[:, 0, 4:12, 4:12], wanted[:, 4:12, 4:12], atol=2e-3, rtol=0)


def test_paint_covers_the_face_and_nothing_else() -> None:
    closeup = _toothless(_blind(_closeup()))
    torch.nn.init.constant_(closeup.last.bias[2:6], -30.0)  # nothing is looked up
    torch.nn.init.constant_(closeup.last.bias[6:18], 20.0)  # white
    black = torch.zeros(2, 3, 64, 64)
    shown = closeup.over(black, black, closeup.look(black, LATENTS), LATENTS, LATENTS)
    share = surface.share(*surface.on_patch(POSES, 64))
    torch.testing.assert_close(shown[:, 1], share)
    assert (share > 0.99).sum() > 100


def test_what_lies_below_the_lowest_place_is_left_as_it_was() -> None:
    closeup, black = _toothless(_blind(_closeup())), torch.zeros(2, 3, 64, 64)
    torch.nn.init.constant_(closeup.last.bias[2:6], -30.0)
    torch.nn.init.constant_(closeup.last.bias[6:18], 20.0)
    whole = closeup.over(black, black, closeup.look(black, LATENTS), LATENTS, LATENTS)
    closeup.lowest = 0.1
    cut = closeup.over(black, black, closeup.look(black, LATENTS), LATENTS, LATENTS)
    y = surface.on_patch(POSES, 64)[0][..., 1]
    assert not cut[:, 0][y > 0.1].any()
    torch.testing.assert_close(cut[:, 0][y < 0.0], whole[:, 0][y < 0.0])
    assert whole[:, 0][(y > 0.2) & (y < 0.3)].max() > 0.9


def test_teeth_show_where_lips_open_and_nowhere_else() -> None:
    closeup, grey = _toothless(_blind(_closeup())), torch.full((2, 3, 64, 64), 0.3)
    inside = (closeup.places(LATENTS)[0, ..., 0].abs() < 0.1) & (closeup.places(LATENTS)[0, ..., 1] > 0.15)
    torch.nn.init.constant_(closeup.last.bias[2:6], 20.0)  # all is looked up
    shut = _shown(closeup, grey, LATENTS, LATENTS)
    closeup.teeth.upper.edge = 9.0
    assert _shown(closeup, grey, LATENTS, LATENTS).equal(shut)
    torch.nn.init.constant_(closeup.last.bias[2:6], -30.0)  # nothing is
    torch.nn.init.constant_(closeup.last.bias[6:18], -30.0)  # behind them it is dark
    assert float(_shown(closeup, grey, LATENTS, LATENTS)[..., inside].min()) > 0.2
    closeup.teeth.upper.edge = -9.0
    assert float(_shown(closeup, grey, LATENTS, LATENTS)[..., inside].max()) < 0.01


def test_eyeballs_turn_behind_lids_that_stay() -> None:
    closeup = _closeup()
    closeup.eyes.turn[0, 8] = 0.02
    torch.nn.init.constant_(closeup.last.bias[2:6], 20.0)
    torch.nn.init.constant_(closeup.last.bias[18:22], 30.0)  # the whole band is eyeball
    picture = torch.nn.functional.interpolate(torch.rand(2, 3, 8, 8), size=(64, 64), mode="bicubic").clamp(0, 1)
    driver = LATENTS.clone()
    driver[:, 8] = 2
    details = closeup.look(picture, LATENTS)
    moved = closeup.drawn(closeup(details, LATENTS, driver), picture, LATENTS)
    white, iris = closeup.seen_eyes(details)[:, 1:4], closeup.seen_eyes(details)[:, 4:]
    there = surface.read(iris, closeup.places(LATENTS) + torch.tensor([0.04, 0.0]))
    rows = closeup.eyes.rows
    torch.testing.assert_close(moved[:, :, rows], torch.lerp(white, there[:, :3], there[:, 3:])[:, :, rows])
    torch.testing.assert_close(moved[:, :, rows.stop :], closeup.patch(picture, POSES)[:, :, rows.stop :])


def test_a_source_is_remembered_with_its_own_eyeballs() -> None:
    closeup = _closeup()
    torch.nn.init.normal_(closeup.last.weight, std=0.3)
    details = closeup.look(torch.rand(2, 3, 64, 64), LATENTS)
    torch.testing.assert_close(closeup.seen_eyes(details)[:, :1], closeup(details, LATENTS, LATENTS)[:, 6:7])


def test_over_and_drawn_show_the_same_face() -> None:
    """The picture in a face's own place is what the patch, looked up there, holds."""
    closeup = _closeup(14)
    torch.nn.init.normal_(closeup.last.weight, std=0.3)
    torch.nn.init.normal_(closeup.basis, std=0.3)
    torch.nn.init.normal_(closeup.eyes.turn, std=0.005)
    own = torch.cat([POSES, torch.randn(2, 8, generator=torch.Generator().manual_seed(0))], dim=1)
    smooth = torch.nn.functional.interpolate(torch.rand(2, 3, 4, 4), size=(128, 128), mode="bicubic").clamp(0, 1)
    details = closeup.look(smooth, own)
    face = closeup.drawn(closeup(details, own, own.flip(0)), smooth, own)
    picture = closeup.over(smooth, smooth, details, own, own.flip(0))
    again = closeup.patch(picture, own.flip(0)[:, :6])
    inner = surface.share(surface.places(16, 16, face)) == 1
    error = (face - again).abs()[..., inner]
    assert float(error.mean()) < 0.03
    assert float((face - closeup.patch(smooth, own[:, :6])).abs()[..., inner].mean()) > 3 * float(error.mean())


def test_the_same_place_of_a_turned_head_is_the_same_place() -> None:
    at = torch.tensor([[[[0.1, -0.2]]]]).expand(2, -1, -1, -1)
    point = torch.tensor([0.1, -0.2, float(surface.height(torch.tensor(0.1), torch.tensor(-0.2)))])
    seen = torch.einsum("b i j, j -> b i", pose_matrix(POSES)[..., :3], point) + pose_matrix(POSES)[..., 3]
    torch.testing.assert_close(surface.on_picture(at, POSES)[:, 0, 0], seen[:, :2])


def test_faces_can_be_bent_alike_in_patch_and_truth() -> None:
    closeup, pictures = _blind(_closeup()), torch.rand(2, 3, 64, 64)
    aside = torch.full((2, 16, 16, 2), 0.05)
    moved = closeup.patch(pictures, POSES, aside)
    assert not torch.equal(moved, closeup.patch(pictures, POSES))
    torch.nn.init.constant_(closeup.last.bias[2:6], 20.0)
    change = closeup(closeup.look(pictures, LATENTS, aside), LATENTS, LATENTS)
    torch.testing.assert_close(closeup.drawn(change, pictures, LATENTS, aside), moved, atol=1e-5, rtol=0)


@pytest.fixture
def whole() -> VolumeRenderer:
    """A tiny renderer with a closeup."""
    torch.manual_seed(0)
    renderer: VolumeRenderer = instantiate(leaf("renderer", "tiny"))
    renderer.closeup = _closeup(renderer.space.size)
    torch.nn.init.normal_(renderer.closeup.last.weight, std=0.1)
    return renderer.eval()


def test_a_renderer_with_a_closeup_keeps_the_promises_of_renderers(whole: VolumeRenderer) -> None:
    check_renderer(whole)


def test_portraits_of_a_renderer_with_and_without_closeup_are_not_mixed_up(whole: VolumeRenderer) -> None:
    portrait = whole.encode(torch.rand(1, 3, 32, 32))
    motion = Motion(torch.zeros(1, 1, 6), torch.zeros(1, 1, 8))
    with pytest.raises(ValueError, match="another closeup or none"):
        whole.render(replace(portrait, details=None), motion)
    whole.closeup = instantiate({**leaf("closeup", "tiny"), "motion": whole.space.size, "rows": 24})
    with pytest.raises(ValueError, match="another closeup or none"):
        whole.render(portrait, motion)
    whole.closeup = None
    with pytest.raises(ValueError, match="another closeup or none"):
        whole.render(portrait, motion)


@pytest.mark.parametrize(("change", "complaint"), [({"rows": 12}, "12 x 16"), ({"widths": [8, 8]}, "3 widths")])
def test_a_closeup_that_cannot_be_is_refused(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        instantiate({**leaf("closeup", "tiny"), "motion": 10, **change})
