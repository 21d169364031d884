"""Dynamics that a face reader sees: it is not taught along, sees faces upright, and begins as it was saved."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch

from tests.films import make_film
from vasa import checkpoint
from vasa.cli import main
from vasa.config import instantiate, leaf
from vasa.face.reader_detector import SHIPPED
from vasa.geometry import pose_matrix, sample_picture, transform
from vasa.render import VolumeRenderer
from vasa.render.reader_dynamics import ReaderDynamics


@pytest.fixture
def dynamics() -> ReaderDynamics:
    torch.manual_seed(0)
    return ReaderDynamics(reader=instantiate(leaf("reader", "tiny")).eval(), dim=4, hidden=8).eval()


def test_only_its_own_layers_learn_and_no_statistic_moves(dynamics: ReaderDynamics) -> None:
    dynamics.train()
    assert [name for name, weight in dynamics.named_parameters() if weight.requires_grad] == [
        "think.0.weight", "think.0.bias", "last.weight", "last.bias",
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


@pytest.mark.parametrize("size", ["mini", "small"])
def test_the_sizes_that_ship_see_with_the_reader_that_ships(size: str) -> None:
    assert leaf("renderer", size).dynamics.reader == leaf("reader", "mini") == checkpoint.config_of(SHIPPED)


def _flow(tree: object) -> str:
    """A tree as an override of a command says it."""
    if isinstance(tree, Mapping):
        return "{" + ",".join(f"{key}:{_flow(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, Sequence) and not isinstance(tree, str):
        return "[" + ",".join(map(_flow, tree)) + "]"
    return str(tree)


def test_a_renderer_learns_to_read_with_the_reader_it_is_given(tmp_path: Path) -> None:
    torch.manual_seed(7)
    reader = instantiate(leaf("reader", "tiny"))
    checkpoint.save(tmp_path / "reader", reader, leaf("reader", "tiny"))
    kind = f"{ReaderDynamics.__module__}.{ReaderDynamics.__name__}"
    dynamics = {"_target_": kind, "dim": 8, "hidden": 8, "reader": leaf("reader", "tiny")}
    film = make_film(tmp_path / "film")
    assert main([
        "train", "renderer", f"data.folder={film}", f"output={tmp_path / 'out'}", "renderer=tiny", "loss=reading",
        "~renderer.dynamics", f"+renderer.dynamics={_flow(dynamics)}", f"face_reader={tmp_path / 'reader'}",
        "data.drivers=0", "data.batch_size=2", "data.held_out=2", "trainer.val_check_interval=3", "steps=3",
        "+trainer.enable_progress_bar=false", "trainer.accelerator=cpu", "average=0.0", "trainer.precision=32",
    ]) == 0  # fmt: skip
    made = checkpoint.load(tmp_path / "out").dynamics
    for name, value in made.reader.state_dict().items():
        torch.testing.assert_close(value, reader.state_dict()[name], rtol=0, atol=0)


def _by_reader(**more: object) -> VolumeRenderer:
    kind = f"{ReaderDynamics.__module__}.{ReaderDynamics.__name__}"
    dynamics = {"_target_": kind, "dim": 8, "hidden": 8, "reader": leaf("reader", "tiny")}
    return instantiate({**leaf("renderer", "tiny"), "dynamics": dynamics, **more}).eval()


def test_without_a_pose_encoder_the_reader_says_the_pose_and_its_weights_are_there_once() -> None:
    renderer, picture = _by_reader(pose=None), torch.rand(2, 3, 32, 32)
    motion = renderer.motion_of(picture[:, None])
    torch.testing.assert_close(motion.pose[:, 0], renderer.dynamics.reader(picture).pose)
    assert not [name for name in renderer.state_dict() if name.startswith("pose")]
    again = copy.deepcopy(renderer)
    torch.nn.init.zeros_(renderer.dynamics.reader.pose[-1].weight)
    torch.testing.assert_close(again.motion_of(picture[:, None]).pose, motion.pose)
    with pytest.raises(ValueError, match="needs dynamics that a face reader sees"):
        instantiate({**leaf("renderer", "tiny"), "pose": None})
