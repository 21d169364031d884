from __future__ import annotations

import tomllib
import zipfile
from inspect import signature
from pathlib import Path

import pytest

from vasa import Pipeline, store
from vasa.cli import parser
from vasa.shipped import DEFAULT

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> set[str]:
    """Names in the wheel, built by the project's own backend."""
    hatchling = pytest.importorskip("hatchling.builders.wheel")
    folder = tmp_path_factory.mktemp("wheel")
    built = next(hatchling.WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"]))
    return set(zipfile.ZipFile(built).namelist())


def test_the_wheel_has_every_configuration(wheel):
    there = {f"vasa/{path.relative_to(ROOT)}" for path in (ROOT / "conf").rglob("*.yaml")}
    assert there
    assert there <= wheel


def test_the_wheel_has_the_shipped_weights_and_types(wheel):
    weights = {str(p.relative_to(ROOT)) for p in (ROOT / "vasa" / "weights").rglob("*") if p.is_file()}
    assert weights <= wheel
    assert "vasa/py.typed" in wheel


def test_the_wheel_has_nothing_else(wheel):
    assert all(name.startswith(("vasa/", "vasa_talk-")) for name in wheel)


def test_shipped_weights_stay_small():
    weights = ROOT / "vasa" / "weights"
    assert sum(p.stat().st_size for p in weights.rglob("*") if p.is_file()) < 100e6


def test_the_model_that_is_taken_without_a_name_ships():
    assert DEFAULT in store.names()
    assert signature(Pipeline.from_pretrained).parameters["name"].default == DEFAULT
    assert parser().parse_args(["animate", "a.png", "a.wav", "-o", "a.mp4"]).model == DEFAULT


def test_extras_are_the_promised_ones():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == "vasa-talk"
    assert set(project["optional-dependencies"]) == {"face", "people", "export", "dev"}
