"""Portraits that speak are measured without a truth; sync is best where nothing was shifted."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.portraits import COLUMNS, SIDE_PX, averaged, pictures_in, say, shortened, synchrony
from tests.evaluate.test_likeness import Colours
from vasa.evaluate.judges import Reading
from vasa.people.phones import Phone
from vasa.people.voices import Utterance
from vasa.pipeline import Pipeline

SECONDS = 2.0
# Every fifth of a second another phone, open and closed in turn.
PHONES = tuple(Phone("AA" if n % 2 else "M", n / 5, (n + 1) / 5) for n in range(10))
SENTENCE = Utterance("voice", "", "test", 0.1 * np.ones(round(SECONDS * 16_000), np.float32), PHONES)


class Mouth:
    """A judge who sees a mouth that opens as the sentence does, so many frames late."""

    name = "sees a mouth"

    def __init__(self, late: int = 0) -> None:
        self.late = late

    def __call__(self, frames: Tensor) -> Reading:
        time = (torch.arange(len(frames)) - self.late + 0.5) / 25
        return Reading(-torch.cos(torch.pi * 5 * (time - 0.1)), torch.zeros(len(frames), 3))


@pytest.mark.parametrize("late", [0, 2])
def test_sync_is_best_at_its_lag(late: int) -> None:
    found = synchrony(Mouth(late)(torch.zeros(50, 3, 1, 1)), SENTENCE, 25)
    assert found[f"open_auc_{late:+d}"] == 1
    assert max(value for name, value in found.items() if name != f"open_auc_{late:+d}") < 1


def test_a_portrait_speaks_and_is_measured(pipe: Pipeline, portrait: Tensor) -> None:
    short = shortened(SENTENCE, 1.0, 16_000)
    said = say(pipe, portrait, short, Mouth(), Colours())
    assert said.row.shape == (3, SIDE_PX, (COLUMNS + 2) * SIDE_PX)
    assert (said.numbers["face_seen"], said.numbers["warned"], said.numbers["jitter_deg"]) == (1, 0, 0)
    assert -1 <= said.numbers["identity"] <= 1
    assert said.numbers["sharpness"] > 0


def test_means_leave_out_what_could_not_be_measured() -> None:
    assert averaged({"a": {"x": 1.0}, "b": {"x": math.nan}, "c": {"x": 2.0}}) == {"x": 1.5}


def test_a_folder_without_portraits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no picture")
    with pytest.raises(ValueError, match="no picture in"):
        pictures_in(tmp_path)
