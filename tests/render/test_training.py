from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vasa import checkpoint
from vasa.cli.train_renderer import run
from vasa.data.film import FilmPairs
from vasa.data.module import FilmData
from vasa.render import VolumeRenderer
from vasa.render.losses import along_depth
from vasa.render.scenes import CLOSED, Scene, emphasise, scene
from vasa.render.training import RendererTraining

WEIGHTS = {name: 1.0 for name in ("pixel", "moved", "field", "depth", "route", "pose", "expression", "spread")}


def _training(renderer: VolumeRenderer) -> RendererTraining:
    return RendererTraining(
        renderer, expression_spread=torch.ones(7), weights=WEIGHTS, terms={}, learning_rate=1e-3, warmup=1,
        steps=10, hold=0.5, seed=0, trust=0.5, colour=0.1, emphasis=2.0,
    )  # fmt: skip


def _scene(film: Path) -> Scene:
    data = FilmData(str(film), batch_size=2, drivers=2, seed=0, held_out=2)
    batch = next(iter(data.train_dataloader()))
    return scene(batch, torch.Generator().manual_seed(0), colour=0.1, emphasis=2.0)


# Which parts each loss may teach; all others must stay as they are.
TEACHES = {
    "pixel": {"appearance", "identity", "dynamics", "to_canonical", "canonical", "to_posed", "projection", "decoder"},
    "moved": {"appearance", "identity", "dynamics", "to_canonical", "canonical", "to_posed", "projection"},
    "field": {"identity", "dynamics", "to_posed"},
    "depth": {"appearance", "identity", "dynamics", "to_canonical", "canonical", "to_posed", "projection"},
    "route": {"identity", "dynamics", "to_canonical"},
    "pose": {"pose"},
    "expression": {"dynamics"},
    "spread": {"dynamics"},
}


@pytest.mark.parametrize("name", TEACHES)
def test_each_loss_teaches_its_parts_and_no_other(name: str, renderer: VolumeRenderer, film: Path) -> None:
    training = _training(renderer)
    training.losses(_scene(film), torch.Generator().manual_seed(0))[0][name].backward()
    moved = {n.split(".")[0] for n, p in renderer.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert moved == TEACHES[name]


def test_label_losses_are_zero_where_the_labels_are_met(film: Path) -> None:
    view = _scene(film).target
    weights = along_depth(view.depth, 8)
    torch.testing.assert_close(weights.sum(1), torch.ones_like(view.depth))
    centres = (torch.arange(8) + 0.5) / 4 - 1
    found = (weights * centres[:, None, None]).sum(1)
    torch.testing.assert_close(found, view.depth.clamp(centres[0], centres[-1]))


def test_samples_depend_on_seed_and_number_alone(film: Path) -> None:
    pairs, again = (FilmPairs(str(film), split="train", drivers=2, seed=3) for _ in range(2))
    torch.testing.assert_close(pairs[5]["frames"], again[5]["frames"])
    assert not torch.equal(pairs[5]["frames"], FilmPairs(str(film), split="train", drivers=2, seed=4)[5]["frames"])
    assert {clip.split for clip in pairs.clips} == {"train"}


def _run(film: Path, output: Path, steps: int, *more: str) -> None:
    run([
        f"data.folder={film}", f"output={output}", f"steps={steps}", "renderer=tiny", "data.batch_size=2",
        "data.drivers=2", "data.held_out=2", "trainer.val_check_interval=2", "trainer.precision=32", "save_minutes=0",
        "+trainer.enable_progress_bar=false", "training.steps=8", *more,
    ])  # fmt: skip


def test_a_stopped_run_goes_on_as_if_it_had_not(film: Path, tmp_path: Path) -> None:
    _run(film, tmp_path / "whole", 6)
    _run(film, tmp_path / "parts", 4)
    _run(film, tmp_path / "parts", 6)
    whole, parts = (checkpoint.load(tmp_path / name).state_dict() for name in ("whole", "parts"))
    for name, value in whole.items():
        assert torch.equal(parts[name], value), name


def test_frozen_parts_stay(film: Path, tmp_path: Path) -> None:
    _run(film, tmp_path / "first", 2)
    _run(film, tmp_path / "second", 2, f"init={tmp_path / 'first'}", "frozen=[pose,dynamics]")
    first, second = (checkpoint.load(tmp_path / name) for name in ("first", "second"))
    torch.testing.assert_close(dict(second.pose.named_parameters()), dict(first.pose.named_parameters()))
    pairs = zip(first.decoder.parameters(), second.decoder.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in pairs)


def test_missing_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"needs data\.folder, output"):
        run([])
    with pytest.raises(ValueError, match="holds no film"):
        run([f"data.folder={tmp_path}", f"output={tmp_path / 'out'}"])


def test_closed_eyes_count_more_than_open_ones_and_the_rest_least() -> None:
    canonical = {"eye": (0.2, -0.2), "mouth": (0.0, 0.2), "cheek": (0.4, 0.1)}
    place = torch.zeros(1, 2, 5, 1, 3)
    for column, (x, y) in enumerate(canonical.values()):
        place[..., :2, 0, column] = torch.tensor([(x + 1) * 127.5, (y + 1) * 127.5])
    place[..., 4, :, :] = 2
    found = emphasise(place, 3, 2.0, closed=torch.tensor([[0.0, 1.0]]))[0][0, :, 0, 0]
    assert found.tolist() == [[3, 3, 1], [1 + 2 * (1 + CLOSED), 3, 1]]
