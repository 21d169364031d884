"""A long show is watched evenly, and what changes in it is told."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch

from benchmarks import long_show, long_stream
from benchmarks.long_show import look_of, some_of, watch
from tests.evaluate.test_likeness import Colours
from vasa.pipeline import Pipeline


def test_every_so_many_frames_are_looked_at_however_they_come() -> None:
    frames = torch.arange(23.0)[:, None, None, None].expand(-1, 3, 2, 2)
    for lengths in ([23], [1] * 23, [4, 9, 10], [0, 7, 16]):
        seen = [*some_of(frames.split(lengths), 5)]
        assert torch.cat([some[:, 0, 0, 0] for _, some in seen]).tolist() == [0, 5, 10, 15, 20]
        assert seen[-1][0] == 23


def test_a_fading_face_is_told_from_a_steady_one() -> None:
    random = torch.Generator().manual_seed(0)
    portrait = 0.2 + 0.6 * torch.rand(3, 32, 32, generator=random)
    look = look_of(portrait, Colours())
    steady = portrait.expand(60, -1, -1, -1)
    grey = portrait.mean((-1, -2), keepdim=True)
    fading = torch.stack([grey + (1 - n / 120) * (portrait - grey) for n in range(60)])
    same, worse = (watch(some.split(7), look, every=1, period_s=0.4)["drift"] for some in (steady, fading))
    assert same["sharpness"]["first"] == same["sharpness"]["last"] == pytest.approx(1)
    assert same["identity"]["last"] == pytest.approx(1)
    assert worse["sharpness"]["last"] == pytest.approx(1 - 54.5 / 120, abs=1e-3)  # of frames 50 to 59
    assert worse["sharpness"]["trend"] == pytest.approx(-1, abs=1e-6)


def test_a_pipeline_is_watched(pipe: Pipeline, portrait: torch.Tensor, tone: torch.Tensor) -> None:
    sitter = pipe.sitter(portrait, paste=False)
    found = watch(pipe.stream(sitter, [tone]), look_of(sitter.stage.face, Colours()), every=2, period_s=0.4)
    assert found["frames"] == 33
    assert len(found["peak_memory_mb"]) == 3
    assert set(found["least"]) == {"sharpness", "identity"}


@pytest.mark.parametrize("program", [long_show, long_stream])
def test_too_short_a_show_is_refused_before_it_begins(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["show", "--minutes", "1", "--period", "60"])
    monkeypatch.setattr(program, "Pipeline", None)
    with pytest.raises(SystemExit):
        program.main()
    assert "--minutes 1 has fewer than two of --period 60 seconds" in capsys.readouterr().err
