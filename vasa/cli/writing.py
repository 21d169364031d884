"""Writes a run to an mp4 as it comes, with a progress bar and a last line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vasa.clock import CLOCK

if TYPE_CHECKING:
    from vasa.session import Piece


def write_pieces(pieces: Iterator[Piece], place: Path, frames: int | None) -> None:
    """Write everything; frames: how many there will be, None where nobody knows."""
    from vasa.media.video import VideoWriter

    started, written, first = time.perf_counter(), 0, next(pieces)
    height, width = first.frames.shape[-2:]
    with VideoWriter(place, (height, width), sound=first.samples is not None) as writer, bar() as progress:
        task = progress.add_task(place.name, total=frames)
        piece: Piece | None = first
        while piece is not None:
            writer.write(piece.frames, piece.samples)
            written += len(piece.frames)
            progress.advance(task, len(piece.frames))
            piece = next(pieces, None)
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
