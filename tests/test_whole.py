"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from vasa.whole import beside


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    place = tmp_path / "kept.json"
    place.write_text("old")
    with beside(place) as file:
        assert (file.parent, file.suffix) == (tmp_path, ".json")
        file.write_text("new")
        assert place.read_text() == "old"
    assert place.read_text() == "new"
    assert list(tmp_path.iterdir()) == [place]


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    place = tmp_path / "kept.json"
    place.write_text("old")
    with pytest.raises(RuntimeError), beside(place) as file:
        _fail(file)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def _fail(file: Path) -> None:
    file.write_text("half")
    raise RuntimeError
