"""`vasa bench`: how fast a model is on this machine, from sound to written mp4; `vasa bench renderer`: one part."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from vasa.cli import asking, bench_renderer
from vasa.cli.checks import set_threads
from vasa.cli.writing import write_report
from vasa.clock import CLOCK

if TYPE_CHECKING:
    from torch import Tensor

    from vasa.pipeline import Pipeline
    from vasa.sitter import Sitter

SECONDS = 8.0


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("bench", help="frames a second, delay and memory on this machine")
    asking.add_model(command)
    command.add_argument("--seconds", type=float, help=f"length of the sound (default: {SECONDS:g})")
    command.add_argument("--stride", type=int, help="frames made at once (default: the model's window)")
    command.add_argument("--lookahead", type=float, help="seconds of sound heard ahead (default: the audio encoder's)")
    command.add_argument("--sessions", type=int, default=1, help="streams stepped together, row live (default 1)")
    command.add_argument("--threads", type=int, help="CPU threads (default: all cores)")
    command.add_argument("-o", "--output", help="the JSON file to write")
    asking.add_compile(command)
    command.set_defaults(run=run)
    bench_renderer.add(command.add_subparsers(metavar="[renderer]", title="one part alone"))


def run(arguments: argparse.Namespace) -> None:
    """Print one table: speed end to end, delay of the first frame, memory, machine."""
    import torch

    from vasa import Pipeline
    from vasa.cli.demo import PORTRAIT, SPEECH
    from vasa.media.files import writable_file
    from vasa.media.sound import load_sound
    from vasa.store import SHIPPED

    seconds = SECONDS if arguments.seconds is None else arguments.seconds
    if not seconds >= 1:
        raise ValueError(f"--seconds is at least 1; got {seconds}.")
    set_threads(arguments.threads)
    place = None if arguments.output is None else writable_file(arguments.output, (".json",))
    pipe = Pipeline.from_pretrained(arguments.model, device=arguments.device)
    folder = SHIPPED / "mini" / "demo"
    sitter = pipe.sitter(folder / PORTRAIT)
    samples = repeated(load_sound(folder / SPEECH), round(seconds * CLOCK.sample_rate))
    compiling = {"compiling": f"{pipe.compile():.0f} s, once"} if arguments.compile else {}
    written(pipe, sitter, samples[: CLOCK.sample_rate], arguments.stride)  # warm up
    found = measured(pipe, sitter, samples, arguments)
    rows = {
        "end to end": f"{found['frames_a_second']:.1f} frames a second",
        "delay": (
            f"{found['waiting_s']:.2f} s of sound + {found['computing_s']:.2f} s of computing until the first frame "
            f"({found['stride']} frames at once, {found['lookahead_s']:g} s heard ahead)"
        ),
        "live": f"{arguments.sessions} at once, each {found['real_time_factor']:.2f} times as fast as its sound",
        "memory": f"{found['peak_memory_mb']:.0f} MB at most, Python and weights included",
        "machine": f"{found['machine']}, torch {torch.__version__}",
    }
    if place is not None:
        write_report(place, {"model": arguments.model} | found)
    show(compiling | rows, f"{arguments.model}, {pipe.renderer.image_size} px, {seconds:g} s of sound")


def measured(pipe: Pipeline, sitter: Sitter, samples: Tensor, arguments: argparse.Namespace) -> dict[str, Any]:
    """Every number of a warm pipeline, by name."""
    import torch

    stride = arguments.stride
    found: dict[str, Any] = {"frames_a_second": written(pipe, sitter, samples, stride)}
    found |= delay(pipe, sitter, samples, stride, arguments.lookahead)
    found |= {"sessions": arguments.sessions, "real_time_factor": live(pipe, sitter, samples, arguments)}
    machine = f"{processor()}, {torch.get_num_threads()} threads, {pipe.device}"
    return found | {"peak_memory_mb": peak_memory_mb(), "machine": machine}


def repeated(samples: Tensor, length: int) -> Tensor:
    """Samples [length]: the sound again and again."""
    return samples.repeat(-(-length // len(samples)))[:length]


def written(pipe: Pipeline, sitter: Sitter, samples: Tensor, stride: int | None) -> float:
    """Frames a second from sound in memory to an mp4 on disk."""
    from vasa.ahead import ahead
    from vasa.media.video import VideoWriter

    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, VideoWriter(Path(folder) / "a.mp4", sitter.stage.size_px) as writer:
        for piece in ahead(pipe.play(sitter, (samples, CLOCK.sample_rate), stride=stride)):
            writer.write(piece.frames, piece.samples)
    return CLOCK.frames_covering(len(samples)) / (time.perf_counter() - started)


def delay(
    pipe: Pipeline, sitter: Sitter, samples: Tensor, stride: int | None, lookahead_s: float | None
) -> dict[str, float]:
    """How long after the first sample the first frame is there, first_frame_s: sound waited for, and computing."""
    session = pipe.session(sitter, stride=stride, lookahead_s=lookahead_s)
    waiting, started = session.latency_s, time.perf_counter()
    next(session.feed(samples[: round(waiting * CLOCK.sample_rate)]))
    computing = time.perf_counter() - started
    return {
        "first_frame_s": waiting + computing, "waiting_s": waiting, "computing_s": computing,
        "stride": session.stride, "lookahead_s": session.audio.lookahead_s,
    }  # fmt: skip


def live(pipe: Pipeline, sitter: Sitter, samples: Tensor, arguments: argparse.Namespace) -> float:
    """How much faster than the sound the frames of streams stepped together come; below 1 they fall behind."""
    from vasa.together import Together

    if arguments.sessions < 1:
        raise ValueError(f"--sessions is at least 1; got {arguments.sessions}.")
    how: dict[str, Any] = {"stride": arguments.stride, "lookahead_s": arguments.lookahead}
    together = Together({seed: pipe.session(sitter, seed=seed, **how) for seed in range(arguments.sessions)})
    started = time.perf_counter()
    made = together.push(dict.fromkeys(together.sessions, samples))
    made_s = len(made[0]) / CLOCK.frame_rate
    return made_s / (time.perf_counter() - started)


def peak_memory_mb() -> float:
    """The most memory this process has had."""
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3  # bytes there, kilobytes elsewhere


def processor() -> str:
    """The name of the processor."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def show(rows: dict[str, str], title: str) -> None:
    """Two columns."""
    table = Table(title=title, show_header=False)
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)
