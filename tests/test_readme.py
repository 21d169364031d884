"""The README's snippets run as written, and the commands of all documents are understood."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import soundfile
from omegaconf import OmegaConf

from vasa import store
from vasa.cli import parser, people_film
from vasa.cli.overrides import parsed
from vasa.config import compose
from vasa.media.sound import load_sound

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
needs_weights = pytest.mark.skipif("mini" not in store.names(), reason="no shipped weights in this checkout")


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def documents() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "vasa/weights").rglob("*.md"))]


def commands() -> list[str]:
    text = "\n".join(block for place in documents() for block in blocks("bash", place.read_text()))
    lines = [part.strip() for line in text.replace("\\\n", " ").splitlines() for part in line.split("&&")]
    return list(dict.fromkeys(line for line in lines if line.startswith("vasa ")))


@needs_weights
@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.splitlines()[0])
def test_python_runs_as_written(code, tmp_path, monkeypatch):
    demo = store.SHIPPED / "mini" / "demo"
    shutil.copy(demo / "portrait.png", tmp_path / "portrait.png")
    soundfile.write(tmp_path / "speech.wav", load_sound(demo / "speech.flac")[:40_000].numpy(), 16_000)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})


@pytest.mark.parametrize("command", commands())
def test_commands_are_understood(command):
    """Their options are there, and their settings, none of which is missing."""
    asked = parsed(parser(), shlex.split(command, comments=True)[1:])
    assert callable(asked.run)
    if asked.command == "train":
        assert not OmegaConf.missing_keys(compose(f"train_{asked.stage}", asked.overrides))
    if asked.command == "people" and asked.action == "film":
        people_film.settings_of(asked)


def test_files_it_names_are_there():
    missing = [name for name in re.findall(r"\]\(((?!http)[^)]+)\)", README) if not (ROOT / name).exists()]
    assert not missing


def test_the_two_commands_of_the_set_up_stand_alone():
    assert 'pip install -e . && vasa demo\n' in blocks("bash")
    assert 'pip install -e ".[dev]" && pytest\n' in blocks("bash")
