"""Every notebook runs from top to bottom and is stored without outputs; small stand-ins are its published models."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests import open_weights
from vasa import store

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_stored_without_outputs(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return open_weights.keep(tmp_path_factory.mktemp("cache"))


@pytest.mark.skipif("mini" not in store.names(), reason="no shipped weights in this checkout")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(path: Path, cache: Path, monkeypatch) -> None:
    monkeypatch.setenv("VASA_CACHE", str(cache))
    NotebookClient(nbformat.read(path, as_version=4), timeout=300, kernel_name="python3").execute()
