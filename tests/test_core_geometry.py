from __future__ import annotations

import math

import pytest
import torch

from vasa import geometry


def poses(count: int = 16) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return 0.6 * (2 * torch.rand(count, 6, generator=generator, dtype=torch.float64) - 1)


def test_angles_undo_rotation():
    yaw, pitch, roll = poses()[:, :3].unbind(-1)
    for got, wanted in zip(geometry.angles(geometry.rotation(yaw, pitch, roll)), (yaw, pitch, roll), strict=True):
        torch.testing.assert_close(got, wanted)


@pytest.mark.parametrize(
    ("name", "axis", "sign"),
    [("yaw", 0, 1), ("pitch", 1, 1)],
)
def test_a_turned_nose_points_where_the_angle_says(name, axis, sign):
    turn = {"yaw": torch.zeros(()), "pitch": torch.zeros(()), "roll": torch.zeros(())} | {name: torch.tensor(0.3)}
    nose = geometry.rotation(**turn) @ torch.tensor([0.0, 0.0, 1.0])  # x to picture right, y up, z to the camera
    assert sign * nose[axis] > 0.29
    torch.testing.assert_close(nose, geometry.direction(turn["yaw"], turn["pitch"]))


def test_positive_roll_turns_counter_clockwise():
    up = geometry.rotation(torch.zeros(()), torch.zeros(()), torch.tensor(0.3)) @ torch.tensor([0.0, 1.0, 0.0])
    assert up[0] < -0.29  # the top of the head leans to picture left


def test_posing_scales_and_shifts():
    pose = torch.tensor([[0.0, 0.0, 0.0, 0.1, -0.2, math.log(2)]])
    seen = geometry.transform(geometry.pose_matrix(pose), torch.tensor([[[0.25, 0.25, 0.0]]]))
    torch.testing.assert_close(seen, torch.tensor([[[0.6, 0.3, 0.0]]]))


def test_invert_undoes_pose():
    matrix = geometry.pose_matrix(poses())
    points = torch.rand(16, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(geometry.transform(geometry.invert(matrix), geometry.transform(matrix, points)), points)


def test_sampling_at_the_cells_returns_the_volume():
    volume = torch.randn(2, 3, 4, 5, 6)
    where = geometry.grid(4, 5, 6, like=volume).expand(2, -1, -1, -1, -1)
    torch.testing.assert_close(geometry.sample_volume(volume, where), volume)
    picture = torch.randn(2, 3, 5, 6)
    flat = geometry.grid(1, 5, 6, like=picture)[..., :2].expand(2, -1, -1, -1)
    torch.testing.assert_close(geometry.sample_picture(picture, flat), picture)


def test_depth_becomes_channels():
    volume = torch.randn(2, 3, 4, 5, 6)
    flat = geometry.depth_to_channels(volume)
    assert flat.shape == (2, 12, 5, 6)
    assert torch.equal(flat[:, 4 * 1 + 2], volume[:, 1, 2])


def test_gathering_is_grid_sampling_with_its_gradients():
    generator = torch.Generator().manual_seed(0)
    volume = torch.randn(2, 3, 4, 5, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    where = (3 * torch.rand(2, 3, 7, 8, 3, generator=generator, dtype=torch.float64) - 1.5).requires_grad_()
    wanted, got = geometry.sample_volume(volume, where), geometry.gathered(volume, where)
    torch.testing.assert_close(got, wanted)
    weight = torch.randn(got.shape, generator=generator, dtype=torch.float64)
    wanted = torch.autograd.grad((wanted * weight).sum(), (volume, where))
    torch.testing.assert_close(torch.autograd.grad((got * weight).sum(), (volume, where)), wanted)


def test_gathering_far_outside_gives_zero():
    where = torch.full((1, 1, 1, 2, 3), 50.0) * torch.tensor([1.0, -1.0])[:, None]
    assert geometry.gathered(torch.ones(1, 2, 3, 4, 5), where).abs().max() == 0


def test_a_gaze_is_along_its_direction() -> None:
    gaze = torch.rand(20, 2, generator=torch.Generator().manual_seed(0)) * 2.4 - 1.2
    torch.testing.assert_close(geometry.gaze_along(geometry.direction(*gaze.unbind(-1))), gaze)
