"""Dynamics stand for labels, and labels for dynamics."""

from __future__ import annotations

import pytest
import torch

from vasa.render.meaning import Meaning


def _meaning(labels: int) -> Meaning:
    torch.manual_seed(0)
    return Meaning.of(torch.linspace(0.5, 2.0, labels), dynamics=4)


def test_what_dynamics_say_stands_for_them() -> None:
    meaning, dynamics = _meaning(9), torch.randn(5, 3, 4)
    torch.testing.assert_close(meaning.dynamics_of(meaning(dynamics)), dynamics, atol=1e-4, rtol=1e-4)


def test_labels_that_no_dynamics_say_are_met_as_nearly_as_can_be_over_their_spread() -> None:
    meaning, labels = _meaning(9), torch.randn(6, 9)
    best = meaning.dynamics_of(labels).requires_grad_(True)
    (((meaning(best) - labels) / meaning.spread) ** 2).sum().backward()
    assert best.grad is not None
    torch.testing.assert_close(best.grad, torch.zeros_like(best), atol=1e-3, rtol=0)


def test_few_labels_are_all_met() -> None:
    meaning, labels = _meaning(3), torch.randn(6, 3)
    torch.testing.assert_close(meaning(meaning.dynamics_of(labels)), labels, atol=1e-4, rtol=1e-4)


def test_other_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="9 labels of expression, the film has 8"):
        _meaning(9).dynamics_of(torch.zeros(2, 8))
