"""Dynamics are fitted to what labels stand for, by a command that leaves the rest of the renderer as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.films import make_film
from vasa import checkpoint
from vasa.cli import main
from vasa.config import instantiate, leaf
from vasa.data.film import clips_of, expression
from vasa.data.insights import Insights, errors, fit, insights
from vasa.render.meaning import Meaning
from vasa.render.reader_dynamics import ReaderDynamics

FITTING = {"batch_size": 64, "learning_rate": 1e-3, "weight_decay": 0.0, "ridge": 1e-4}


@pytest.fixture
def dynamics() -> ReaderDynamics:
    torch.manual_seed(0)
    reader = instantiate(leaf("reader", "tiny")).eval()
    return ReaderDynamics(reader=reader, dim=8, hidden=16, dropout=0.0).eval()


def _shown(dynamics: ReaderDynamics, count: int, *, bent: float) -> Insights:
    """Labels that insights tell: a line, and `bent` of what no line says."""
    random = torch.Generator().manual_seed(1)
    seen = torch.randn(count, dynamics.reader.insights, generator=random)
    line = torch.randn(dynamics.reader.insights, 20, generator=random) / 20
    return Insights(seen, seen @ line + bent * (seen @ line[:, :1]).abs())


def test_a_line_is_found_at_once_and_units_find_the_rest(dynamics: ReaderDynamics) -> None:
    found = _shown(dynamics, 2000, bent=0.0)
    meaning = Meaning.principal(found.labels, torch.ones(20), dynamics=8)
    fit(dynamics, found, meaning, steps=0, **FITTING)
    assert errors(dynamics, found, meaning)["unexplained"] < 1e-3
    assert errors(dynamics, found, meaning)["lip_opening_r"] > 0.3
    bent = _shown(dynamics, 2000, bent=2.0)
    meaning = Meaning.principal(bent.labels, torch.ones(20), dynamics=8)
    fit(dynamics, bent, meaning, steps=0, **FITTING)
    straight = errors(dynamics, bent, meaning)["unexplained"]
    fit(dynamics, bent, meaning, steps=600, **FITTING)
    assert errors(dynamics, bent, meaning)["unexplained"] < 0.8 * straight


def test_frames_are_seen_with_their_own_labels_and_views_differ(dynamics: ReaderDynamics, tmp_path: Path) -> None:
    clip = clips_of(make_film(tmp_path / "film", frames=9), "train")[0]
    once = insights(dynamics, [clip], frames=3, views=1)
    torch.testing.assert_close(once.labels, expression(clip.labels)[[0, 4, 8]])
    twice = insights(dynamics, [clip], frames=3, views=2)
    torch.testing.assert_close(twice.labels, once.labels.repeat(2, 1))
    assert not torch.allclose(twice.seen[:3], twice.seen[3:])
    torch.testing.assert_close(insights(dynamics, [clip], frames=3, views=2).seen, twice.seen)


def test_the_command_changes_how_dynamics_are_read_and_nothing_else(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film", frames=60)
    labels = torch.cat([expression(clip.labels) for clip in clips_of(film, "train")])
    torch.manual_seed(7)
    for name in ("reader", "other"):
        checkpoint.save(tmp_path / name, instantiate(leaf("reader", "tiny")), leaf("reader", "tiny"))
    kind = f"{ReaderDynamics.__module__}.{ReaderDynamics.__name__}"
    meaning = {"_target_": "vasa.render.meaning.Meaning", "dynamics": 8, "labels": labels.shape[1]}
    dynamics = {"_target_": kind, "dim": 8, "hidden": 8, "reader": leaf("reader", "tiny")}
    model = {**leaf("renderer", "tiny"), "dynamics": dynamics, "meaning": meaning}
    checkpoint.save(tmp_path / "before", instantiate(model), model)
    said = [
        "train", "dynamics", f"init={tmp_path / 'before'}", f"face_reader={tmp_path / 'other'}", "steps=2",
        f"data.folder={film}", f"output={tmp_path / 'after'}", "data.frames=60", "data.views=6",
    ]  # fmt: skip
    assert main(said) == 0
    before, after = (checkpoint.load(tmp_path / name).state_dict() for name in ("before", "after"))
    moved = {name for name in before if not torch.allclose(before[name].float(), after[name].float(), atol=2e-3)}
    assert moved
    assert all(name.startswith("dynamics.") for name in moved)
    other = checkpoint.load(tmp_path / "other").state_dict()
    for name, value in other.items():
        torch.testing.assert_close(after[f"dynamics.reader.{name}"].float(), value.float(), rtol=0, atol=2e-3)


def test_a_renderer_with_an_encoder_of_its_own_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = leaf("renderer", "tiny")
    checkpoint.save(tmp_path / "before", instantiate(model), model)
    assert main([
        "train", "dynamics", f"init={tmp_path / 'before'}", "data.folder=nowhere", f"output={tmp_path / 'after'}",
    ]) != 0  # fmt: skip
    assert "not read by a face reader" in capsys.readouterr().err
