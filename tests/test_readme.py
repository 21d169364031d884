"""The README's snippets run as written."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import soundfile

from vasa import store
from vasa.cli import parser
from vasa.media.sound import load_sound

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
needs_weights = pytest.mark.skipif("mini" not in store.names(), reason="no shipped weights in this checkout")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    lines = [part.strip() for block in blocks("bash") for line in block.splitlines() for part in line.split("&&")]
    return [line for line in lines if line.startswith("vasa ")]


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
    assert callable(parser().parse_args(shlex.split(command)[1:]).run)


def test_files_it_names_are_there():
    missing = [name for name in re.findall(r"\]\(((?!http)[^)]+)\)", README) if not (ROOT / name).exists()]
    assert not missing


def test_the_two_commands_of_the_set_up_stand_alone():
    assert 'pip install -e . && vasa demo\n' in blocks("bash")
    assert 'pip install -e ".[dev]" && pytest\n' in blocks("bash")
