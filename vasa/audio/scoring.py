"""How well features tell sounds apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PhoneScore:
    """Shares in [0, 1]: accuracy and error are of phones; closure is of P, B, M against all other sounds."""

    frame_accuracy: float
    closure_auc: float
    closure_f1: float
    phone_error: float

    def __str__(self) -> str:
        return (
            f"frames {self.frame_accuracy:.1%}, closures F1 {self.closure_f1:.1%} AUC {self.closure_auc:.3f}, "
            f"phone errors {self.phone_error:.1%}"
        )


def edit_distance(said: Sequence[int], heard: Sequence[int]) -> int:
    """Insertions, deletions and replacements between two sequences (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for index, one in enumerate(said, 1):
        diagonal, row[0] = row[0], index
        for column, other in enumerate(heard, 1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (one != other)),
            )
    return row[-1]


def collapse(steps: Tensor, blank: int) -> list[int]:
    """The sequence that a CTC path [T] stands for: repeats and blanks leave."""
    return [index for index in torch.unique_consecutive(steps).tolist() if index != blank]


def auc(scores: Tensor, positive: Tensor) -> float:
    """The chance that a positive scores above a negative: scores [N], positive bool [N]."""
    ranks = scores.double().argsort().argsort().double() + 1
    hits, misses = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / max(hits * misses, 1))


def f1(found: Tensor, positive: Tensor) -> float:
    """Harmonic mean of precision and recall: bool [N] each."""
    return float(2 * (found & positive).sum() / (found.sum() + positive.sum()).clamp(min=1))
