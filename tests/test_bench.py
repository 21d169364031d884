"""What `vasa bench` says of streams."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from torch import Tensor

from vasa.cli import main
from vasa.cli.bench import delay, live
from vasa.pipeline import Pipeline


def test_delay_is_sound_needed_and_computing(pipe: Pipeline, portrait: Tensor, tone: Tensor) -> None:
    found = delay(pipe, pipe.sitter(portrait), tone, 5, 0.04)
    assert (found["waiting_s"], found["stride"], found["lookahead_s"]) == (pytest.approx(0.24), 5, 0.04)
    assert found["computing_s"] > 0
    assert found["first_frame_s"] == found["waiting_s"] + found["computing_s"]


def test_streams_stepped_together_have_a_real_time_factor(pipe: Pipeline, portrait: Tensor, tone: Tensor) -> None:
    assert live(pipe, pipe.sitter(portrait), tone, argparse.Namespace(stride=5, lookahead=None, sessions=3)) > 0


def test_numbers_are_written_for_tables(pipe: Pipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe.save_pretrained(tmp_path / "model")
    words = ["bench", "--model", str(tmp_path / "model"), "--device", "cpu", "--seconds", "1", "--stride", "5"]
    assert main([*words, "-o", str(tmp_path / "bench.json")]) == 0
    assert "frames a second" in capsys.readouterr().out
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found["stride"] == 5
    assert all(found[name] > 0 for name in ("frames_a_second", "first_frame_s", "real_time_factor", "peak_memory_mb"))
    assert main([*words, "-o", str(tmp_path / "bench.txt")]) == 2
