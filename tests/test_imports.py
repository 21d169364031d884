"""The import rule of the design, held by reading every import in the package."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vasa

ROOT = Path(vasa.__file__).parent
CORE = {
    "types", "clock", "geometry", "space", "config", "checkpoint", "training", "placing", "transfer", "editing",
    "tracks", "whole",
}  # fmt: skip
SENSES = {"face", "audio", "media"}
HALVES = {"render", "motion"}
BESIDE = {"people", "data", "evaluate"}
MAIN = {
    "pipeline", "session", "stage", "driving", "device", "store", "video", "testing", "published", "export",
    "together", "easing", "ahead", "shipped", "opening", "fitting", "staying", "crown", "sitter",
}  # fmt: skip
BELOW_MAIN = CORE | SENSES | HALVES
ALLOWED = (
    dict.fromkeys(CORE, CORE)
    | dict.fromkeys(SENSES, CORE)
    | {half: CORE | SENSES for half in HALVES}
    | dict.fromkeys(MAIN, BELOW_MAIN | MAIN)
    | dict.fromkeys(BESIDE, BELOW_MAIN | BESIDE | MAIN)
    | dict.fromkeys({"cli", "demo"}, BELOW_MAIN | MAIN | BESIDE)
)
HEAVY = ("transformers", "torchaudio", "torchvision", "timm", "skimage", "av", "moderngl", "kornia", "face_alignment")
FILES = sorted(ROOT.rglob("*.py"))


def area_of(path: Path) -> str:
    """The first word below the package: a folder or a module."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path, *, top_only: bool = False) -> Iterator[str]:
    """Dotted names that a file imports, everywhere or only when it is itself imported."""
    tree = ast.parse(path.read_text())
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_layers_do_not_import_upwards(path):
    area = area_of(path)
    if area == "__init__":
        return
    used = {name.split(".")[1] for name in imports(path) if name.startswith("vasa.")} - {"__version__"}
    allowed = ALLOWED[area] | {area} | ({"data"} if path.name == "training.py" else set())  # what it learns from
    unknown = {vasa._HOMES.get(name, name) for name in used} - allowed
    assert not unknown, f"{area} may not import {unknown}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_lightning_and_hydra_stay_in_their_files(path):
    roots = {name.split(".")[0] for name in imports(path)}
    inside = str(path.relative_to(ROOT))
    if "lightning" in roots:
        assert path.name == "training.py" or inside == "data/module.py" or area_of(path) == "cli"
    if "hydra" in roots:
        assert inside == "config.py" or area_of(path) == "cli"
    if "av" in roots:
        assert area_of(path) == "media"


def modules_after(statement: str) -> set[str]:
    """Names of the modules that are loaded after a statement in a fresh interpreter."""
    code = f"import torch, sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_import_vasa_is_light():
    loaded = modules_after("import vasa")
    heavy = {"lightning", "hydra", "matplotlib", "PIL", *HEAVY}
    assert not heavy & {name.split(".")[0] for name in loaded}
    assert len(loaded) < 10


def test_importing_everything_prints_and_writes_nothing(tmp_path):
    names = [".".join(p.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__") for p in FILES]
    wanted = [name for name in names if not name.startswith(("vasa.people", "vasa.demo"))]
    code = "import importlib; [importlib.import_module(n) for n in " + repr(wanted) + "]"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert not list(tmp_path.iterdir())
