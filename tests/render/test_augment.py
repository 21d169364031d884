"""Drivers without identity: what may change, and what may not."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from vasa.data.module import FilmData
from vasa.geometry import sample_picture
from vasa.render.augment import DriverAugmentation, on_face
from vasa.render.scenes import scene

POSE = torch.tensor([[0.3, 0.1, 0.4, 0.1, -0.1, 0.2], [0.0, 0.0, 0.0, 0.0, 0.0, -0.5]])


def _random() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _ramps(size: int) -> Tensor:
    """Pictures whose red is x and whose green is y, from 0 to 1."""
    axis = (torch.arange(size) + 0.5) / size
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x, y, x]).expand(len(POSE), 3, size, size)


def test_the_warp_brings_every_point_to_where_it_is_drawn() -> None:
    augment = DriverAugmentation(bend=0.05)
    bent = augment.bent(_ramps(256), POSE, _random())
    points = on_face(augment.points, augment.reach, POSE)
    by = torch.randn(points.shape, generator=_random()) * 0.05 * POSE[:, 5].exp()[:, None, None]
    seen = sample_picture(bent, (points + by)[:, None])[:, :2, 0].mT * 2 - 1
    inside = ((points.abs() < 0.95) & ((points + by).abs() < 0.95)).all(-1)
    torch.testing.assert_close(seen[inside], points[inside], atol=0.01, rtol=0)


def test_points_on_the_face_turn_shift_and_grow_with_it() -> None:
    points = on_face(3, 0.5, POSE)
    torch.testing.assert_close(points[:, 4], POSE[:, 3:5])  # the middle one
    torch.testing.assert_close((points[:, 5] - points[:, 4]).norm(dim=-1), 0.5 * POSE[:, 5].exp())
    assert points[0, 5, 1] < points[0, 4, 1]  # counter-clockwise: the right one rises


def test_colours_change_alike_wherever_a_pixel_is() -> None:
    picture, order = torch.rand(2, 3, 8, 8, generator=_random()), torch.randperm(8, generator=_random())
    changed = DriverAugmentation().recoloured(picture, _random())
    torch.testing.assert_close(DriverAugmentation().recoloured(picture[..., order], _random()), changed[..., order])
    assert (changed - picture).abs().mean() > 0.05
    assert DriverAugmentation(grey=1.0).recoloured(picture, _random()).std(1).max() < 1e-5


def test_the_crop_moves_nothing_and_leaves_one_colour_around() -> None:
    picture = torch.rand(2, 3, 64, 64, generator=_random())
    cropped = DriverAugmentation(reach=0.5).cropped(picture, POSE, _random())
    kept = (cropped == picture).all(1)
    assert kept[1].float().mean().item() == (20 / 64) ** 2  # 0.5 exp(-0.5) = 0.303 to either side
    assert cropped[0][:, ~kept[0]].std(1).max() < 1e-6


def test_what_is_only_read_is_varied_like_a_driver(film: Path) -> None:
    data = FilmData(str(film), batch_size=2, drivers=0, readings=3, seed=0, held_out=2)
    batch = next(iter(data.train_dataloader()))
    plain = scene(batch, _random(), colour=0.0, emphasis=1.0).readings
    assert plain.bent is plain.seen
    augment = DriverAugmentation(reach=9, bend=0.05, hue=0.2)
    varied = scene(batch, _random(), colour=0.0, emphasis=1.0, augment=augment).readings
    assert varied.seen.shape == (6, 3, 32, 32)
    assert (varied.seen - plain.seen).abs().mean() > 0.01
    assert (varied.bent - varied.seen).abs().mean() > 1e-3
    torch.testing.assert_close(varied.expression, plain.expression)


def test_nothing_asked_nothing_changed_and_only_dynamics_see_the_warp(film: Path) -> None:
    still = DriverAugmentation(reach=9, bend=0, points=5, hue=0, saturation=0, contrast=0, brightness=0, grey=0)
    picture = torch.rand(2, 3, 32, 32, generator=_random())
    seen, bent = still(picture, POSE, _random())
    torch.testing.assert_close(seen, picture, atol=1e-5, rtol=0)
    torch.testing.assert_close(bent, picture, atol=1e-3, rtol=0)
    batch = next(iter(FilmData(str(film), batch_size=2, drivers=1, seed=0, held_out=2).train_dataloader()))
    moving = DriverAugmentation(reach=9, bend=0.05, points=5, hue=0, saturation=0, contrast=0, brightness=0, grey=0)
    view = scene(batch, _random(), colour=0.0, emphasis=1.0, augment=moving)
    assert (view.driver_bent - view.driver_seen).abs().mean() > 1e-3
    torch.testing.assert_close(view.driver_seen, view.target.picture, atol=1e-3, rtol=0)
