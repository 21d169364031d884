"""The judges that ship hear when something is said: VASA-1's acceptance of CAPP, on voices nobody taught them."""

from __future__ import annotations

import json

import pytest
import torch

from vasa.evaluate.agreeing import CAPP, SHIPPED, Sync

needs_judges = pytest.mark.skipif(not (SHIPPED / "capp").is_dir(), reason="no shipped judges in this checkout")


@needs_judges
@pytest.mark.parametrize("name", ["capp", "sync"])
def test_the_score_peaks_without_a_shift_and_is_gone_after_a_few_frames(name: str) -> None:
    """As they were measured on held-out clips when they were made."""
    found = json.loads((SHIPPED / name / "acceptance.json").read_text())
    shift, scale = found["shift"], found["scale"]
    assert shift["0"] > shift["1"] > shift["2"] > shift["3"]
    assert shift["0"] > 0.35
    assert shift["3"] < 0.6 * shift["0"]
    assert abs(shift["stranger"]) < 0.2
    assert scale["1.0"] == pytest.approx(shift["0"], abs=0.02)
    assert min(scale["0.5"], scale["1.5"]) > 0.5 * scale["1.0"]


@needs_judges
def test_they_are_what_metrics_take_where_none_is_named() -> None:
    capp, sync = CAPP(), Sync()
    random = torch.Generator().manual_seed(0)
    sound = 0.1 * torch.randn(100 * 640, generator=random)
    capp.update(0.01 * torch.randn(100, 3, generator=random).cumsum(0), sound)
    sync.update(0.1 * torch.randn(100, 40, generator=random), sound)
    assert abs(float(capp.compute())) < 0.5  # noise belongs to no noise
    assert float(sync.compute()["confidence"]) < 0.3
