"""`vasa people show`: a sheet and a talk of one person, as a user asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from vasa.cli import main
from vasa.media.sound import load_sound
from vasa.media.video import VideoReader
from vasa.people import espeak


@pytest.mark.skipif(not espeak.available(), reason="espeak-ng is not installed")
def test_show_writes_a_sheet_and_a_talk_with_sound(
    avatars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "one.png"
    asked = ["--avatars", str(avatars), "--size", "64", "--seconds", "2", "--cache", str(tmp_path / "cache")]
    assert main(["people", "show", "3", *asked, "-o", str(sheet)]) == 0
    assert sheet.is_file()
    frames = list(VideoReader(tmp_path / "one.mp4"))
    assert len(frames) == 50
    assert frames[0].shape == (3, 64, 64)
    assert load_sound(tmp_path / "one.mp4").abs().max() > 0.05
    assert "one.mp4" in capsys.readouterr().out


def test_a_talk_of_no_length_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--avatars", str(tmp_path), "--seconds", "0", "-o", str(tmp_path / "one.png")]
    assert main(["people", "show", "3", *asked]) != 0
    assert "--seconds is more than 0" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
