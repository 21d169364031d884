"""The patch lies where heads show it, and nowhere else."""

from __future__ import annotations

import pytest
import torch

from vasa.geometry import sample_picture
from vasa.render.closeup import surface

POSES = torch.tensor([[0.0] * 6, [0.5, 0.2, -0.3, 0.1, -0.1, 0.2], [-0.45, -0.2, 0.2, 0.0, 0.1, -0.3]])


def test_every_pixel_finds_its_place_on_the_surface() -> None:
    x, y = torch.rand(2, 3, 1, 200, generator=torch.Generator().manual_seed(0)) * 0.36 - 0.18
    at = torch.stack([x, y], dim=-1)
    found = sample_picture(surface.on_patch(POSES, 256)[0].permute(0, 3, 1, 2), surface.on_picture(at, POSES))
    error = (found.permute(0, 2, 3, 1) - at).norm(dim=-1)
    assert float(error.quantile(0.98)) < 4e-3
    assert float(error.max()) < 0.03  # where turned cheeks are seen along


@pytest.mark.parametrize("pose", POSES)
def test_the_patch_is_one_piece_about_the_middle_of_the_face(pose: torch.Tensor) -> None:
    share = surface.share(*surface.on_patch(pose[None], 128))[0]
    middle = surface.on_picture(torch.tensor([[[[0.0, surface.MIDDLE_Y]]]]), pose[None])[0, 0, 0]
    axis = (torch.arange(128) + 0.5) / 64 - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    away = torch.hypot(x - middle[0], y - middle[1]) / pose[5].exp()
    assert (share[away < 0.1] > 0.9).all()
    assert not share[away > 0.8].any()


@pytest.mark.parametrize("yaw", [-0.9, -0.6, 0.3, 0.8])
def test_where_a_face_hides_itself_nothing_between_is_shown(yaw: float) -> None:
    """Behind the bridge of a nose that turns away places jump, and what lies between two of them is no place."""
    at, facing = surface.on_patch(torch.tensor([[yaw, 0.1, 0.0, 0.0, 0.0, 0.0]]), 256)
    jump = (at[:, :, 1:] - at[:, :, :-1]).abs().sum(-1)
    shown = torch.minimum(facing[:, :, 1:], facing[:, :, :-1]) > 0.05
    assert float(jump[shown].max()) < 0.06
    assert shown.any()


def test_the_patch_fades_to_nothing_at_its_edges_and_narrows_to_the_chin() -> None:
    share = surface.share(surface.places(64, 64, torch.zeros(1)))
    edges = torch.cat([share[0], share[-1], share[:, 0], share[:, -1]])
    assert float(edges.max()) < 0.05
    assert float(share.max()) == 1
    assert (share[52] > 0.5).sum() < 0.8 * (share[30] > 0.5).sum()


def test_the_slopes_are_those_of_the_surface() -> None:
    x, y = torch.rand(2, 50, generator=torch.Generator().manual_seed(1), dtype=torch.float64) - 0.5
    x.requires_grad_(True)
    y.requires_grad_(True)
    by_x, by_y = torch.autograd.grad(surface.height(x, y).sum(), [x, y])
    torch.testing.assert_close(surface._slopes(x, y), (by_x, by_y))
