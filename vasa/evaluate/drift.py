"""Whether a long stream stays what it was: statistics of motion minute by minute, added up as it comes."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from vasa.geometry import POSE

LEAST = 1e-12


@dataclass
class Minutes:
    """Sums of tracks, minute by minute: memory does not grow with frames.

    frames: of a minute, or of another period. names: of the numbers in a row, `POSE` and what else is watched.
    """

    frames: int
    names: tuple[str, ...] = POSE
    _open: list[Tensor] = field(default_factory=list)
    _last: Tensor | None = None
    means: list[Tensor] = field(default_factory=list)
    spreads: list[Tensor] = field(default_factory=list)
    speeds: list[Tensor] = field(default_factory=list)

    def add(self, rows: Tensor) -> None:
        """The next rows [T, C] of the stream; a minute that does not end is left out."""
        for row in rows.split(1):
            self._open.append(row)
            if len(self._open) == self.frames:
                self._close(torch.cat(self._open).double())

    def _close(self, rows: Tensor) -> None:
        self._open.clear()
        moved = rows if self._last is None else torch.cat([self._last, rows])
        self.means.append(rows.mean(0))
        self.spreads.append(rows.std(0))
        self.speeds.append(moved.diff(dim=0).abs().mean(0))
        self._last = rows[-1:]


def drift(minutes: Minutes) -> dict[str, dict[str, float]]:
    """The last minute beside the first, for each number.

    first, last: means. change: last less first, in spreads within a minute; spread, speed: last over first; trend:
    correlation of the minutes' means with time, which chance alone keeps below about 2 / sqrt(minutes). Raises
    ValueError below two minutes.
    """
    if len(minutes.means) < 2:
        raise ValueError(f"A drift is from a first to a last minute; got {len(minutes.means)} whole ones.")
    means, spreads, speeds = (torch.stack(rows) for rows in (minutes.means, minutes.spreads, minutes.speeds))
    table = {
        "first": means[0],
        "last": means[-1],
        "change": (means[-1] - means[0]) / spreads.mean(0).clamp_min(LEAST),
        "spread": spreads[-1] / spreads[0].clamp_min(LEAST),
        "speed": speeds[-1] / speeds[0].clamp_min(LEAST),
        "trend": _trend(means),
    }
    return {
        name: {what: float(row[column]) for what, row in table.items()} for column, name in enumerate(minutes.names)
    }


def _trend(values: Tensor) -> Tensor:
    """Correlation of each column of [N, C] with its row number: [C]."""
    time = torch.arange(len(values), dtype=values.dtype)
    time, values = time - time.mean(), values - values.mean(0)
    both = (time[:, None] * values).sum(0)
    return both / (time.square().sum() * values.square().sum(0)).sqrt().clamp_min(LEAST)
