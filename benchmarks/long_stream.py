"""A long sound through a Session in short hops, at the level of motion: memory stays flat and nothing drifts.

    python benchmarks/long_stream.py [--model NAME] [--minutes 60] [--period 60] [--hop 5] [--speech FILE ...]

Frames are not rendered: what a stream adds up is in its sound and its motion. With --film FILM lips are read off the
motion by a line that is fitted with the film's held-out clips. Prints a table and, with -o, writes JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vasa import Controls, Motion, Pipeline
from vasa.cli.bench import peak_memory_mb, processor
from vasa.cli.writing import write_report
from vasa.clock import CLOCK
from vasa.evaluate.cast import talkers, voice_of
from vasa.evaluate.drift import Minutes, drift
from vasa.evaluate.lines import Lines
from vasa.evaluate.sayings import Saying
from vasa.geometry import POSE
from vasa.media.sound import load_sound
from vasa.session import Session
from vasa.shipped import DEFAULT
from vasa.store import SHIPPED

SPEECH = SHIPPED / "mini" / "demo" / "speech.flac"
PAUSE_S = (0.2, 2.0)  # silence between two recordings, at least and at most


def sound(files: list[Path], seconds: float) -> Iterator[Tensor]:
    """Recordings in random order with pauses between, about a second at a time, for so long."""
    random = torch.Generator().manual_seed(0)
    recordings, rest = [load_sound(file) for file in files], round(seconds * CLOCK.sample_rate)
    while rest > 0:
        chosen = recordings[int(torch.randint(len(recordings), (), generator=random))]
        quiet_s = PAUSE_S[0] + (PAUSE_S[1] - PAUSE_S[0]) * float(torch.rand((), generator=random))
        pause = torch.zeros(round(quiet_s * CLOCK.sample_rate))
        for piece in torch.cat([chosen, pause])[:rest].split(CLOCK.sample_rate):
            rest -= len(piece)
            yield piece


def unseen(motion: Motion, own: Tensor) -> Iterator[tuple[Tensor, Motion]]:  # noqa: ARG001
    """Shows nothing: frames of no size."""
    yield torch.empty(motion.length, 3, 0, 0), motion


def lines_of(pipe: Pipeline, film: str, clips: int) -> Lines:
    """Lines through the motion latents of a film's held-out clips."""
    from vasa.data.film import clips_of

    return Lines.fit([Saying.of(pipe, clip) for clip in talkers(clips_of(film, "test"), clips)])


def watched(pipe: Pipeline, motion: Motion, lines: Lines | None) -> Tensor:
    """What is watched of motion [1, T, M]: pose, the mean dynamic, and lips where there is a line: [T, C]."""
    latents = pipe.renderer.space.pack(motion)[0].float().cpu()
    columns = [motion.pose[0].cpu(), latents[:, len(POSE) :].mean(-1, keepdim=True)]
    return torch.cat([*columns, *([lines.opening(latents)[:, None]] if lines else [])], dim=-1)


def stream(pipe: Pipeline, arguments: argparse.Namespace) -> dict[str, Any]:
    """Stream, and say how memory and statistics went."""
    lines = lines_of(pipe, arguments.film, arguments.clips) if arguments.film else None
    names = (*POSE, "dynamics", *(("lips",) if lines else ()))
    generator, audio = voice_of(pipe)
    session = Session(
        motion=generator, audio=audio, show=unseen, controls=Controls(), seed=arguments.seed, size_px=(0, 0),
        stride=arguments.hop, device=pipe.device,
    )  # fmt: skip
    minutes, memory, started = Minutes(CLOCK.frames_in(arguments.period), names), list[float](), time.perf_counter()
    chunks = sound(arguments.speech, 60 * arguments.minutes)
    for pieces in chain(map(session.feed, chunks), [session.finish()]):
        for piece in pieces:
            minutes.add(watched(pipe, piece.motion, lines))
        if len(minutes.means) > len(memory):
            memory.append(peak_memory_mb())
    took = time.perf_counter() - started
    return {
        "model": arguments.model, "hop": arguments.hop, "periods": len(minutes.means), "period_s": arguments.period,
        "real_time_factor": session.made / CLOCK.frame_rate / took, "machine": processor(), "device": str(pipe.device),
        "peak_memory_mb": memory, "drift": drift(minutes),
    }  # fmt: skip


def add_stream(options: argparse.ArgumentParser, *, minutes: float) -> None:
    """What every long stream asks for: whose, of what, for how long, and where the report goes."""
    options.add_argument("--model", default=DEFAULT)
    options.add_argument("--device")
    options.add_argument("--minutes", type=float, default=minutes, help="length of the sound")
    options.add_argument("--period", type=float, default=60.0, help="seconds of each of the statistics")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--speech", type=Path, nargs="+", default=[SPEECH])
    options.add_argument("-o", "--output", type=Path, help="the JSON file to write")


def asked_of(options: argparse.ArgumentParser) -> argparse.Namespace:
    """The arguments; refuses a sound too short for a first and a last period before anything is made."""
    arguments = options.parse_args()
    if not 0 < 2 * arguments.period <= 60 * arguments.minutes:
        options.error(
            f"a drift is from a first to a last period: --minutes {arguments.minutes:g} has fewer than two of --period "
            f"{arguments.period:g} seconds"
        )
    return arguments


def tell(found: dict[str, Any], output: Path | None) -> None:
    """Write the report, where a file is named, and print it with its drift as a table."""
    if output:
        write_report(output, found)
    rows = found.pop("drift")
    print(json.dumps(found))
    for name, row in rows.items():
        print(f"{name:>10}", "  ".join(f"{what} {value:+.3f}" for what, value in row.items()))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_stream(options, minutes=60.0)
    options.add_argument("--hop", type=int, default=5)
    options.add_argument("--film")
    options.add_argument("--clips", type=int, default=40, help="of the film, for the lips' line")
    arguments = asked_of(options)
    found = stream(Pipeline.from_pretrained(arguments.model, device=arguments.device), arguments)
    tell(found, arguments.output)


if __name__ == "__main__":
    main()
