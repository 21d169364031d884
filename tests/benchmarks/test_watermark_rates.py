"""Rates are counted of marked and unmarked recodings of the same clip."""

from __future__ import annotations

import torch

from benchmarks.watermark_rates import lines, scores_of
from tests.media.test_watermark import footage
from vasa.media.watermark import FOUND


def test_the_mark_is_found_where_it_is_and_only_there() -> None:
    found = scores_of(torch.stack(footage(0, frames=8, size=(193, 256))), [20])
    assert set(found) == {(192, 20, True), (192, 20, False)}
    assert found[192, 20, True][0] > FOUND > found[192, 20, False][0]


def test_rates_are_counted() -> None:
    told = [*lines({(128, 23, True): [9.0, 5.0, 12.0], (128, 23, False): [3.5, 4.0, 4.5]})]
    assert told[2].startswith("| 128 | 23 | 2 of 3 | 9.0, 5 % below 5.4 | 0 of 3 | 4.5 |")
    assert "0 of 3 recodings of 3 clips" in told[-1]
    alarmed = [*lines({(128, 23, True): [9.0], (128, 23, False): [7.0]})]
    assert "1 of 1 recodings" in alarmed[-1]
