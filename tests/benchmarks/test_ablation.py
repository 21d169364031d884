"""Trainings that differ in one thing, one table; what is there is not done again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks.ablation import LOSSES, ROWS, Plan, main, training
from benchmarks.ablation_table import COLUMNS, table
from tests.evaluate.paired import make_paired_film
from tests.films import make_film
from vasa import checkpoint, config
from vasa.cli import main as vasa

TINY = (
    "renderer=tiny", "data.batch_size=2", "data.drivers=1", "data.readings=0", "trainer.accelerator=cpu",
    "trainer.precision=32", "+trainer.enable_progress_bar=false", "+trainer.limit_val_batches=0",
)  # fmt: skip


def _command(done: list[str], *, fails_at: str = "nothing") -> object:
    """Runs vasa here, and notes what was done; stops where this word is in it."""

    def command(words: list[str]) -> None:
        if any(fails_at in word for word in words):
            raise KeyboardInterrupt
        done.append(words[0])
        assert vasa([*words, *(["--device", "cpu"] if words[0] == "evaluate" else [])]) == 0

    return command


def test_rows_are_trained_measured_and_gone_on_with(tmp_path: Path) -> None:
    film, paired = make_film(tmp_path / "film"), make_paired_film(tmp_path / "paired")
    words = [str(film), str(paired), *TINY, "-o", str(tmp_path / "out"), "--steps", "1", "--people", "2"]
    rows, done = ["--rows", "base", "no-contrast"], []
    with pytest.raises(KeyboardInterrupt):
        main([*words, *rows], _command(done, fails_at="no-contrast"))
    assert done == ["train", "evaluate"]
    main([*words, *rows], _command(done))
    assert done == ["train", "evaluate"] * 2
    lines = (tmp_path / "out" / "table.md").read_text().splitlines()
    heads = [line.split(" | ")[0] for line in lines if line.startswith("|")]
    assert heads == ["| row", "| ---", "| base", "| no-contrast"]
    main([*words, *rows], _command(done))
    assert len(done) == 4
    places = [tmp_path / "out" / f"{row}-0" / "renderer" for row in ("base", "no-contrast")]
    base, without = (checkpoint.load(place).state_dict() for place in places)
    assert any(not torch.equal(base[name], without[name]) for name in base)
    with pytest.raises(SystemExit, match="another plan"):
        main([*words, *rows, "--steps", "2"], _command(done))


CHANGED = {"no-places": ["field", "depth", "route"]}  # what is no single thing


def test_every_row_composes_and_changes_one_thing() -> None:
    plan = Plan("FILM", "PAIRED", 5, ("loss=shipped", "experiment=driver"), None, None, None)
    made = {row: config.compose("train_renderer", training(plan, row, 3, Path("out"))[2:]) for row in ROWS}
    for row in set(LOSSES) - {"base"}:
        differing = [k for k, v in made["base"].training.items() if k != "weights" and made[row].training[k] != v]
        lost = [k for k, v in made["base"].loss.weights.items() if v and not made[row].loss.weights[k]]
        changed = lost + differing
        assert changed, row
        assert changed == CHANGED.get(row, changed[:1]), row
    assert {(made[row].seed, made[row].steps, made[row].output) for row in ("base",)} == {(3, 5, "out/renderer")}
    assert made["paper128"].renderer.decoder.ready == 0
    assert made["fast128"].renderer.image_size == made["paper128"].renderer.image_size


def test_a_table_has_means_and_spreads(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.json" for n in range(3)]
    for number, path in enumerate(paths[:2]):
        shown = {part: {} for _, part, _ in COLUMNS if part != "codes"}
        report = {"people": 4, "motions": 2, "film": "P", "reader": "R", "shown": shown}
        report["codes"] = {"person_chance": 0.25}
        for _, part, name in COLUMNS:
            (report["codes"] if part == "codes" else shown[part])[name] = 10.0 + 2 * number
        path.write_text(json.dumps(report))
    told = table({"base": paths, "missing": paths[2:]}, "About.")
    assert "| base | 2 | 11 ± 1.4 |" in told
    assert "missing" not in told


def test_mistakes_are_plain_sentences(tmp_path: Path) -> None:
    words = ["FILM", "PAIRED", "-o", str(tmp_path / "out")]
    for more, sentence in [
        (["--rows", "no-eyes"], "no row 'no-eyes'"),
        (["--rows", "designs", "--init", "x"], "leave out --init"),
        (["--init", str(tmp_path)], "is no checkpoint"),
    ]:
        with pytest.raises(SystemExit, match=sentence):
            main([*words, *more], _command([]))
