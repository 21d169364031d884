"""What is looked at before any computing, so that a mistake costs nothing and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from vasa.clock import CLOCK

BYTES_A_SECOND = 400_000  # a generous bound for the mp4 that vasa writes
SPARE_BYTES = 8_000_000


def output_file(path: str, inputs: Sequence[str]) -> Path:
    """Where the mp4 goes; raises ValueError or OSError where it cannot."""
    from vasa.media.files import writable_file

    place = writable_file(path, (".mp4",))
    if not os.access(place.parent, os.W_OK):
        raise ValueError(f"The folder {place.parent} cannot be written to; choose another.")
    for given in inputs:
        if place.exists() and Path(given).exists() and place.samefile(given):
            raise ValueError(f"The output {place} is also an input; choose another name.")
    return place


def room_for(seconds: float, place: Path) -> None:
    """Raise ValueError unless the disk has room for a video of this length."""
    needed = round(seconds * BYTES_A_SECOND) + SPARE_BYTES
    free = shutil.disk_usage(place.parent).free
    if free < needed:
        raise ValueError(
            f"The disk of {place.parent} has {free / 1e6:.0f} MB free, this video may need {needed / 1e6:.0f} MB; "
            "make room or choose another folder."
        )


def set_threads(count: int | None) -> None:
    """Let torch compute on so many CPU threads, where a number is named; raises ValueError where it is none."""
    import torch

    if count is not None:
        if count < 1:
            raise ValueError(f"--threads is at least 1; got {count}.")
        torch.set_num_threads(count)


def sound_length(path: str) -> int:
    """Samples in a sound, at 16 kHz, having read all of it once; raises ValueError or OSError where it is unfit."""
    from vasa.media.sound import read_blocks

    return sum(len(block) for block in read_blocks(path, CLOCK))
