"""One column a model, one row a measure, a dash for what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.model_table import table


def _write(folder: Path, **reports: object) -> Path:
    folder.mkdir()
    for name, report in reports.items():
        (folder / f"{name}.json").write_text(json.dumps(report))
    return folder


def _cells(made: str, start: str) -> list[str]:
    line = next(line for line in made.splitlines() if line.startswith(f"| {start}"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_numbers_stand_in_their_columns(tmp_path: Path) -> None:
    numbers = {"psnr_db": 26.04, "identity_crossed": 0.812, "identity_filmed": 0.9}
    mini = _write(
        tmp_path / "mini",
        report={"numbers": numbers, "clips": {"a": {}, "b": {}}, "film": "FILM", "judge": "J", "likeness": "L"},
        speaking={"clips": 8, "reader": "R", "lips": {"spoken": {"shut_on_pbm": 0.99}, "filmed": {"shut_on_pbm": 1}}},
    )
    drift = {"sharpness": {"first": 0.8, "last": 0.6}, "identity": {"first": 0.9, "last": 0.88}}
    small = _write(tmp_path / "small", long={"peak_memory_mb": [1400.2, 1401, 1402.6], "drift": drift})
    made = table({"mini": mini, "small": small})
    assert _cells(made, "self-reenactment") == ["26.0", "-", "-", "27 at 256 px"]
    assert _cells(made, "identity: moving") == ["0.81", "-", "0.90", ""]
    assert _cells(made, "P, B, M")[:3] == ["99%", "-", "100%"]
    assert _cells(made, "sharpness")[:2] == ["-", "0.75"]
    assert _cells(made, "memory after the last")[:2] == ["-", "1403"]
    assert "`mini`: 2 clips of FILM, L, heads read by J; lips of 8 clips, read by R." in made
    assert made.startswith("|  | mini | small | the films themselves | goal |\n| --- | ---: |")


def test_what_could_not_be_measured_is_a_dash(tmp_path: Path) -> None:
    report = {"numbers": {"identity_crossed": None}, "clips": {}, "judge": "J"}
    assert _cells(table({"one": _write(tmp_path / "one", report=report)}), "identity: moving")[0] == "-"


def test_a_folder_without_reports_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="There is no report in .*empty"):
        table({"empty": _write(tmp_path / "empty")})
