"""`vasa evaluate FILM --controls`, `--ablation`, `--speaking`: what a motion generator heeds, and how it speaks."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from vasa.cli import evaluate_speech
from vasa.cli.writing import bar, write_report

if TYPE_CHECKING:
    from vasa.data.film import Clip
    from vasa.evaluate.effects import Effects
    from vasa.evaluate.judges import Judge
    from vasa.evaluate.obeying import Obedience
    from vasa.evaluate.probe import Probe
    from vasa.pipeline import Pipeline

NARROW, WIDE = 7, 140  # letters of a name in a table with many columns, and of the table


def add(command: argparse.ArgumentParser, which: Any) -> None:
    """The measurements, of which one is made at a time, and their options."""
    names = ("gaze", "distance", "emotion", "pose")
    which.add_argument(
        "--controls", nargs="*", choices=names, metavar="NAME",
        help="ask for gaze, distance, emotion and pose (or those named) and read them back; a matrix of effects",
    )  # fmt: skip
    which.add_argument("--ablation", action="store_true", help="scales of guidance and steps, from latents alone")
    which.add_argument("--speaking", action="store_true", help="lips that shut on P, B and M, timing, and diversity")
    command.add_argument("--seeds", type=int, default=2, help="performances of each voice (default: 2)")
    command.add_argument("--seconds", type=float, default=2.0, help="how long a control is asked for (default: 2)")
    for judge, of in (("capp", "heads"), ("sync", "mouths")):
        text = f"for --ablation: a judge of {of}, `vasa train {judge}` (default: the one that ships)"
        command.add_argument(f"--{judge}", metavar="FOLDER", help=text)
    command.add_argument("--recordings", metavar="FOLDER", help="LJ Speech sentences with phone times, for --speaking")


def wanted(arguments: argparse.Namespace) -> bool:
    """Whether one of these measurements was asked for."""
    return arguments.controls is not None or bool(arguments.ablation or arguments.speaking)


def measure(arguments: argparse.Namespace, pipe: Pipeline, everybody: list[Clip], folder: Path) -> None:
    """The one that was asked for, on people who talk from all over the film."""
    from vasa.evaluate.cast import talkers

    clips = talkers(everybody, arguments.clips)
    for_lines = talkers(everybody, evaluate_speech.FOR_LINES)
    if arguments.ablation:
        return evaluate_speech.ablation(arguments, pipe, clips, for_lines, folder)
    if arguments.speaking:
        return evaluate_speech.speaking(arguments, pipe, clips, for_lines, folder, lip_judge(arguments.judge, pipe))
    return controls(arguments, pipe, clips, folder)


def controls(arguments: argparse.Namespace, pipe: Pipeline, clips: list[Clip], folder: Path) -> None:
    """Measure obedience; write controls.json and effects.png, print the tables."""
    from vasa.evaluate.asking import CONTROLS
    from vasa.evaluate.cast import Cast
    from vasa.evaluate.effect_picture import draw_effects
    from vasa.evaluate.obeying import Asking, asks, obedience, reader_errors

    if len(clips) * arguments.seeds < 2:
        raise ValueError("Effects are told in units of the spread over people; take more --clips, or more --seeds.")
    reader, name = reader_for(arguments.judge, pipe)
    cast = Cast.of(pipe, clips, frames=pipe.clock.frames_in(arguments.seconds))
    asking = Asking(pipe, cast, reader, seeds=arguments.seeds)
    with bar() as progress:
        wanted = asks(arguments.controls or CONTROLS)
        seen = {ask: asking(ask) for ask in progress.track(wanted, description="asked")}
    found = obedience(seen, frame_rate=asking.frame_rate)
    errors = reader_errors(reader, cast)
    head = {"model": arguments.model, "film": arguments.film, "reader": name, "people": len(cast)}
    write_report(folder / "controls.json", head | {"seeds": arguments.seeds} | as_dict(found, errors))
    title = f"{arguments.model} on {len(cast)} people of {arguments.film}"
    print_obedience(found, errors, title, name)
    written = "controls.json"
    if found.effects is not None:
        draw_effects(found.effects, f"Effects of controls: {title}").savefig(folder / "effects.png", dpi=110)
        print_effects(found.effects)
        written += " and effects.png"
    Console(highlight=False, soft_wrap=True).print(f"Wrote {folder / written}.")


def check(arguments: argparse.Namespace) -> None:
    """Raise ValueError for options that make no sense."""
    if arguments.seeds < 1:
        raise ValueError(f"--seeds is at least 1; got {arguments.seeds}.")
    if arguments.speaking and arguments.seeds < 2:
        raise ValueError("--speaking tells performances apart: --seeds is 2 or more.")
    if not arguments.seconds >= 0.4:
        raise ValueError(f"--seconds is at least 0.4; got {arguments.seconds}.")


def reader_for(judge: str | None, pipe: Pipeline) -> tuple[Probe, str]:
    """The face reader that measures, and what the report calls it; raises ValueError where --judge names none."""
    from vasa.evaluate.probe import Probe
    from vasa.face.reader_detector import SHIPPED

    if judge is None:
        name = "the face reader that ships with vasa (not independent: the renderer may see through it)"
        return Probe(SHIPPED, device=pipe.device), name
    if not Path(judge).is_dir():
        raise ValueError(f"{judge} is no folder; this needs a face reader, which `vasa train reader` makes.")
    return Probe(judge, device=pipe.device), f"{judge}: {Probe.name}"


def lip_judge(judge: str | None, pipe: Pipeline) -> tuple[Judge, str]:
    """Who measures lips: MediaPipe where --judge names its file, else a face reader; and what the report calls it."""
    from vasa.evaluate.outside import MediaPipe

    if judge is not None and Path(judge).is_file():
        return MediaPipe(judge), MediaPipe.name
    return reader_for(judge, pipe)


def as_dict(found: Obedience, errors: Mapping[str, float]) -> dict[str, Any]:
    """Everything measured, for a report."""
    from vasa.evaluate.obeying import GOALS
    from vasa.evaluate.quantities import QUANTITIES, UNITS
    from vasa.types import EMOTIONS

    report: dict[str, Any] = {"numbers": found.numbers, "of_the_reader_on_true_frames": dict(errors), "goals": GOALS}
    if found.shown is not None:
        report["emotions"] = {"names": EMOTIONS, "shown_where_asked": found.shown.tolist()}
    if found.effects is not None:
        effects = found.effects
        report["effects"] = {
            "asked": effects.rows, "quantities": QUANTITIES, "units": UNITS, "spread": effects.spread.tolist(),
            "size": effects.size.tolist(), "standard_error": effects.error.tolist(),
        }  # fmt: skip
    return report


def print_obedience(found: Obedience, errors: Mapping[str, float], title: str, reader: str) -> None:
    """What was measured, what it should be, and what the reader itself misses on true frames."""
    from vasa.evaluate.obeying import GOALS

    table = Table("", "measured", "goal", "reader on true frames", title=title, caption=f"read by {reader}")
    for name, value in found.numbers.items():
        goal, error = (f"{some[name]:g}" if name in some else "" for some in (GOALS, _rounded(errors)))
        table.add_row(name, f"{value:.2f}", goal, error)
    Console().print(table)


def print_effects(effects: Effects) -> None:
    """The matrix."""
    from vasa.evaluate.effects import SURE
    from vasa.evaluate.quantities import QUANTITIES

    table = Table(box=None, title="effects, in spreads over people; in brackets where chance may have made them")
    table.add_column("asked", no_wrap=True)
    for name in QUANTITIES:
        table.add_column(name.replace("gaze ", "g. ").replace("head ", "h. ")[:NARROW], no_wrap=True)
    for row, name in enumerate(effects.rows):
        sure = effects.size[row].abs() > SURE * effects.error[row]
        pairs = zip(effects.size[row].tolist(), sure.tolist(), strict=True)
        table.add_row(name, *(f"{size:.1f}" if certain else f"({size:.1f})" for size, certain in pairs))
    console = Console()
    Console(width=max(console.width, WIDE)).print(table)


def _rounded(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in numbers.items()}
