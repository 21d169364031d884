"""Dynamics that a face reader sees: it is not taught along, sees faces upright, and begins as it was saved."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vasa import checkpoint
from vasa.config import instantiate, leaf
from vasa.geometry import pose_matrix, sample_picture, transform
from vasa.render.reader_dynamics import ReaderDynamics


@pytest.fixture
def dynamics() -> ReaderDynamics:
    torch.manual_seed(0)
    return ReaderDynamics(reader=instantiate(leaf("reader", "tiny")).eval(), dim=4).eval()


def test_only_its_last_layer_learns_and_no_statistic_moves(dynamics: ReaderDynamics) -> None:
    dynamics.train()
    assert [name for name, weight in dynamics.named_parameters() if weight.requires_grad] == [
        "last.weight", "last.bias",
    ]  # fmt: skip
    before = {name: value.clone() for name, value in dynamics.reader.state_dict().items()}
    dynamics(torch.rand(3, 3, 64, 64), torch.zeros(3, 6)).square().sum().backward()
    assert dynamics.last.weight.grad is not None
    for name, value in dynamics.reader.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0, msg=name)


def test_a_face_that_is_shifted_turned_in_its_plane_and_larger_does_the_same(dynamics: ReaderDynamics) -> None:
    random = torch.Generator().manual_seed(1)
    small = torch.rand(1, 3, 6, 6, generator=random)
    picture = torch.nn.functional.interpolate(small, (256, 256), mode="bicubic").clamp(0, 1)
    plain, moved = torch.zeros(1, 6), torch.tensor([[0.0, 0.0, 0.4, 0.1, -0.05, -0.8]])
    plain[:, 5] = -0.7
    axis = (torch.arange(256) + 0.5) / 128 - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    seen = torch.stack([x, y, torch.zeros_like(x)], dim=-1)[None]  # what the moved picture shows there is found ...
    back = transform(torch.linalg.inv(_square(pose_matrix(moved)))[:, :3], seen)
    again = transform(pose_matrix(plain), back)  # ... here in the plain one
    shown = sample_picture(picture, again[..., :2])
    same, told, other = dynamics(picture, plain), dynamics(shown, moved), dynamics(shown, plain)
    assert (told - same).abs().max() < 0.2 * (other - same).abs().max()


def _square(matrix: torch.Tensor) -> torch.Tensor:
    """[B, 3, 4] -> [B, 4, 4]."""
    last = torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(len(matrix), 1, 4)
    return torch.cat([matrix[:, :3], last], dim=1)


def test_it_begins_with_a_reader_that_was_saved(dynamics: ReaderDynamics, tmp_path: Path) -> None:
    torch.manual_seed(7)
    other = instantiate(leaf("reader", "tiny")).eval()
    checkpoint.save(tmp_path, other, leaf("reader", "tiny"))
    dynamics.begin(tmp_path)
    picture = torch.rand(2, 3, 48, 48)
    torch.testing.assert_close(dynamics.reader.insight(picture), other.insight(picture))
    with pytest.raises(ValueError, match="do not fit"):
        dynamics.begin()  # the one that ships is larger
