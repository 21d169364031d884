"""Trainings do not imitate bfloat16 on CPUs that lack it."""

from __future__ import annotations

import pytest

from vasa.cli import training


@pytest.mark.parametrize(
    ("precision", "accelerator", "has", "wanted"),
    [
        ("bf16-mixed", "cpu", False, "32-true"), ("bf16-mixed", "cpu", True, "bf16-mixed"),
        ("bf16-mixed", "cuda", False, "bf16-mixed"), (32, "cpu", False, 32), ("16-mixed", "cpu", False, "16-mixed"),
    ],
)  # fmt: skip
def test_what_a_machine_lacks_is_left_out(
    monkeypatch: pytest.MonkeyPatch, precision: str | int, accelerator: str, has: bool, wanted: str | int
) -> None:
    monkeypatch.setattr(training, "has_fast_bfloat16", lambda _: has)
    assert training.quick(precision, accelerator) == wanted


@pytest.mark.parametrize("there", [False, True])
def test_auto_takes_an_accelerator_where_there_is_one(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(training, "has_fast_bfloat16", lambda _: False)
    monkeypatch.setattr(training.torch.accelerator, "is_available", lambda: there)
    assert training.quick("bf16-mixed", "auto") == ("bf16-mixed" if there else "32-true")
