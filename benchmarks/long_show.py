"""Ten minutes of a talking face, every frame of it shown: it stays as sharp, the same person, and in the same memory.

    python -m benchmarks.long_show [--model NAME] [--minutes 10] [--every 5] [--portrait FILE] [--speech FILE ...]

Every frame is rendered; one of `--every` is looked at. Sharpness is that of the frame over that of the portrait,
identity the cosine of the two by the face reader that ships. Prints a table and, with -o, writes JSON.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.long_stream import add_stream, asked_of, sound, tell
from vasa import Pipeline
from vasa.cli.bench import peak_memory_mb, processor
from vasa.clock import CLOCK
from vasa.evaluate.drift import Minutes, drift
from vasa.evaluate.likeness import Reads
from vasa.evaluate.pictures import sharpness
from vasa.evaluate.probe import Probe
from vasa.face.reader_detector import SHIPPED as READER
from vasa.store import SHIPPED

PORTRAIT = SHIPPED / "mini" / "demo" / "portrait.png"
WATCHED = ("sharpness", "identity")
Look = Callable[[Tensor], Tensor]  # frames [T, 3, H, W] -> [T, 2], as WATCHED names them


def look_of(portrait: Tensor, reader: Reads) -> Look:
    """How sharp frames are beside a portrait [3, H, H], and how much they show its person."""
    person, sharp = reader.read(portrait[None]).identity[0], sharpness(portrait[None])

    def look(frames: Tensor) -> Tensor:
        return torch.stack([sharpness(frames) / sharp, reader.read(frames).identity @ person], dim=-1)

    return look


def some_of(pieces: Iterable[Tensor], every: int) -> Iterator[tuple[int, Tensor]]:
    """How many frames have been shown after each piece [T, 3, H, W], and those of it that are looked at."""
    shown = 0
    for frames in pieces:
        yield shown + len(frames), frames[-shown % every :: every]
        shown += len(frames)


def watch(pieces: Iterable[Tensor], look: Look, *, every: int, period_s: float) -> dict[str, Any]:
    """What becomes of a stream, period by period; see `vasa.evaluate.drift.drift`."""
    minutes, memory = Minutes(CLOCK.frames_in(period_s) // every, WATCHED), list[float]()
    made, started = 0, time.perf_counter()
    for made, frames in some_of(pieces, every):  # noqa: B007
        if len(frames):
            minutes.add(look(frames))
        if len(minutes.means) > len(memory):
            memory.append(peak_memory_mb())
    took = time.perf_counter() - started
    found = {"frames": made, "frames_a_second": made / took, "peak_memory_mb": memory, "drift": drift(minutes)}
    return found | {"least": dict(zip(WATCHED, torch.stack(minutes.means).amin(0).tolist(), strict=True))}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_stream(options, minutes=10.0)
    options.add_argument("--every", type=int, default=5, help="of so many frames one is looked at")
    options.add_argument("--portrait", type=Path, default=PORTRAIT)
    asked = asked_of(options)
    pipe = Pipeline.from_pretrained(asked.model, device=asked.device)
    sitter = pipe.sitter(asked.portrait, paste=False)
    look = look_of(sitter.stage.face, Probe(READER, device=pipe.device))
    pieces = pipe.stream(sitter, sound(asked.speech, 60 * asked.minutes), seed=asked.seed)
    facts = {"model": asked.model, "minutes": asked.minutes, "machine": processor(), "device": str(pipe.device)}
    found = facts | watch(pieces, look, every=asked.every, period_s=asked.period)
    tell(found, asked.output)


if __name__ == "__main__":
    main()
