from __future__ import annotations

import torch
from einops import rearrange

from vasa.geometry import grid, invert, pose_matrix
from vasa.render.warp import Warp, bend, look, rigid_grid

SIZE = (4, 8, 8)


def _warp() -> Warp:
    torch.manual_seed(0)
    return Warp(motion=9, identity=5, embedding=16, widths=[8, 8], enlarge=[[1, 2, 2]], size=SIZE)


def test_no_motion_and_no_bend_return_the_volume() -> None:
    volume = torch.randn(2, 3, *SIZE)
    still = rigid_grid(pose_matrix(torch.zeros(2, 6)), SIZE)
    torch.testing.assert_close(look(volume, bend(torch.zeros(2, 3, *SIZE), still)), volume, atol=1e-5, rtol=0)


def test_a_turn_and_its_inverse_meet() -> None:
    pose = torch.tensor([[0.3, -0.2, 0.1, 0.05, -0.1, 0.2]])
    cells = grid(*SIZE, like=pose)
    there = rigid_grid(pose_matrix(pose), SIZE)
    back = invert(pose_matrix(pose))
    again = torch.einsum("bij,bdhwj->bdhwi", back[..., :3], there) + back[:, None, None, None, :, 3]
    torch.testing.assert_close(again[0], cells, atol=1e-5, rtol=0)


def test_a_shift_moves_the_picture_to_the_right() -> None:
    volume = torch.zeros(1, 1, *SIZE)
    volume[..., 4, 3] = 1
    one_cell = torch.tensor([[0.0, 0.0, 0.0, 2 / SIZE[2], 0.0, 0.0]])
    away = rigid_grid(invert(pose_matrix(one_cell)), SIZE)
    seen = look(volume, rearrange(away, "b d h w i -> b i d h w"))
    assert seen[0, 0, 0, 4].argmax() == 4


def test_bending_is_looking_twice() -> None:
    volume, offsets = torch.randn(1, 2, *SIZE), 0.1 * torch.randn(1, 3, *SIZE)
    still = rigid_grid(pose_matrix(torch.zeros(1, 6)), SIZE)
    once = look(volume, bend(offsets, still))
    cells = rearrange(grid(*SIZE, like=offsets), "d h w i -> 1 i d h w")
    torch.testing.assert_close(once, look(volume, cells + offsets), atol=1e-4, rtol=0)


def test_motion_and_identity_both_steer_the_bend() -> None:
    warp, code, identity = _warp(), torch.randn(2, 9), torch.randn(2, 5)
    torch.nn.init.normal_(warp.offsets.weight, std=0.2)
    base = warp(code, identity)
    assert base.shape == (2, 3, *SIZE)
    assert base.abs().max() <= 1
    assert (warp(code + 1, identity) - base).abs().max() > 1e-4
    assert (warp(code, identity + 1) - base).abs().max() > 1e-4
