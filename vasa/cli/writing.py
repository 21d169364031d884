"""Writes a run to an mp4 as it comes, with a progress bar and a last line."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vasa.clock import CLOCK
from vasa.whole import beside

if TYPE_CHECKING:
    from vasa.session import Piece


def write_pieces(pieces: Iterator[Piece], place: Path, frames: int | None) -> None:
    """Write everything while it is made; frames: how many there will be, None where nobody knows."""
    from vasa.ahead import ahead
    from vasa.media.video import VideoWriter

    started, written, made = time.perf_counter(), 0, ahead(pieces)
    first = next(made, None)
    if first is None:
        raise ValueError(f"There is nothing to write to {place}: no frame was made.")
    height, width = first.frames.shape[-2:]
    with VideoWriter(place, (height, width), sound=first.samples is not None) as writer, bar() as progress:
        task = progress.add_task(place.name, total=frames)
        piece: Piece | None = first
        while piece is not None:
            writer.write(piece.frames, piece.samples)
            written += len(piece.frames)
            progress.advance(task, len(piece.frames))
            piece = next(made, None)
    took = time.perf_counter() - started
    Console(highlight=False, soft_wrap=True).print(
        f"Wrote {place}: {width}x{height}, {written} frames, {written / CLOCK.frame_rate:.2f} s, "
        f"in {took:.1f} s ({written / took:.1f} frames a second)."
    )


def bar() -> Progress:
    """A progress bar on a terminal's stderr, so that stdout is only the last line."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def write_report(place: Path, report: Mapping[str, Any]) -> None:
    """A report as JSON, whole or not at all; what could not be measured is null."""
    with beside(place) as file:
        file.write_text(json.dumps(_known(report), indent=2) + "\n")


def _known(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _known(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_known(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value
