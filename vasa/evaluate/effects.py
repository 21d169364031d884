"""Effect sizes: what a control moves, and whether it leaves the rest alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vasa.evaluate.asking import Move
from vasa.evaluate.quantities import LEAST, QUANTITIES

SURE = 2.0  # standard errors from which an effect is none of chance's


@dataclass(frozen=True)
class Effects:
    """Rows are moves, columns quantities; all [R, Q].

    size: mean change from low to high, in units of the quantity's spread [Q] over people and voices of whom nothing is
    asked (Cohen's d with the unchanged group's deviation, Glass 1976). error: its standard error. own: the column that
    each row should move, -1 where it has none.
    """

    rows: tuple[str, ...]
    size: Tensor
    error: Tensor
    spread: Tensor
    own: tuple[int, ...]

    def follows(self) -> Tensor:
        """The effect of each row on its own quantity, [R]."""
        return self.size[torch.arange(len(self.rows)), list(self.own)]

    def beside(self, row: int) -> dict[str, float]:
        """What else a row moves beyond chance, the strongest first."""
        size, error = self.size[row], self.error[row]
        moved = [
            column for column in size.abs().argsort(descending=True).tolist()
            if column != self.own[row] and bool(size[column].abs() > SURE * error[column])
        ]  # fmt: skip
        return {QUANTITIES[column]: float(size[column]) for column in moved}


def effects(changes: Mapping[Move, tuple[Tensor, Tensor]], unchanged: Tensor) -> Effects:
    """Effects of moves, each with what was measured at low and at high [N, Q], person by person with the same seed.

    unchanged: [N, Q] where nothing was asked. What could not be read is NaN and left out. Raises ValueError below two
    people, who have no spread.
    """
    if len(unchanged) < 2:
        raise ValueError(f"Effects are told in units of the spread over people; got {len(unchanged)}, take 2 or more.")
    spread = _deviation(unchanged).maximum(unchanged.new_tensor([LEAST[name] for name in QUANTITIES]))
    apart = [high - low for low, high in changes.values()]
    return Effects(
        rows=tuple(move.name for move in changes),
        size=torch.stack([rows.nanmean(0) for rows in apart]) / spread,
        error=torch.stack([_deviation(rows) / _known(rows).sqrt() for rows in apart]) / spread,
        spread=spread,
        own=tuple(QUANTITIES.index(move.own) for move in changes),
    )


def _deviation(rows: Tensor) -> Tensor:
    """Standard deviation of [N, Q] over what is known: [Q]."""
    squares = (rows - rows.nanmean(0)).square().nansum(0)
    return (squares / (_known(rows) - 1).clamp_min(1)).sqrt()


def _known(rows: Tensor) -> Tensor:
    return (~rows.isnan()).sum(0).to(rows)
