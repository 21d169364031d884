"""`vasa evaluate FILM --ablation` and `--speaking`: tables of how a motion generator speaks."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from vasa.cli.writing import bar, write_report

if TYPE_CHECKING:
    from vasa.data.film import Clip
    from vasa.evaluate.judges import Judge
    from vasa.evaluate.lines import Lines
    from vasa.evaluate.sayings import Saying
    from vasa.evaluate.speaking import Lips
    from vasa.people.voices import Utterance
    from vasa.pipeline import Pipeline

Rows = Mapping[str, Mapping[str, float]]
TRUTH = "true motion"
DRAWN = 4  # recorded sentences, at most
FOR_LINES = 40  # clips that lines are fitted with, at most: fewer fit what is not there


def ablation(
    arguments: argparse.Namespace, pipe: Pipeline, clips: list[Clip], for_lines: list[Clip], folder: Path
) -> None:
    """Measure every variant; write ablation.json, print the table."""
    from vasa.evaluate.ablation import Ablation, adjustable, variants
    from vasa.evaluate.agreeing import CAPP, Sync
    from vasa.evaluate.cast import voice_of

    generator = adjustable(voice_of(pipe)[0])
    wanted = variants(generator)
    capp = CAPP(arguments.capp) if arguments.capp else CAPP()
    sync = Sync(arguments.sync) if arguments.sync else Sync()
    said, lines = learned(pipe, clips, for_lines)
    measured = Ablation(
        said, lines, space=generator.space, device=pipe.device, capp=capp, sync=sync, seeds=arguments.seeds
    )
    with bar() as progress:
        rows = {"as it is": measured(generator)}
        rows |= {one.name: measured(one.of(generator)) for one in progress.track(wanted, description="variants")}
    rows[TRUTH] = measured.truth()
    head = {"model": arguments.model, "film": arguments.film, "clips": len(clips), "seeds": arguments.seeds}
    write_report(folder / "ablation.json", head | {"lines": lines.agreement, "rows": rows})
    print_rows(rows, f"audio, gaze, steps: {arguments.model} on {len(clips)} clips of {arguments.film}", lines)
    Console(highlight=False, soft_wrap=True).print(f"Wrote {folder / 'ablation.json'}.")


def speaking(
    arguments: argparse.Namespace, pipe: Pipeline, clips: list[Clip], for_lines: list[Clip], folder: Path,
    reader: tuple[Judge, str],
) -> None:  # fmt: skip
    """Measure lips on frames and performances from latents; write speaking.json and, of recordings,
    speech.png; print two tables."""
    from vasa.evaluate.speaking import diversity, filmed, labelled_shut, level_of, lip_numbers, performances, spoken
    from vasa.evaluate.speech_picture import draw_speech

    judge, name = reader
    sentences = sentences_in(arguments.recordings) if arguments.recordings else []
    said, lines = learned(pipe, clips, for_lines)
    made = performances(pipe, said, seeds=arguments.seeds)
    differ = diversity(made, said, lines, pipe.renderer.space)
    with bar() as progress:
        true = [filmed(clip, judge) for clip in progress.track(clips, description="filmed")]
        pairs = progress.track([*zip(clips, made[0], strict=True)], description="spoken")
        shown = [spoken(pipe, clip, track, judge) for clip, track in pairs]
    level = level_of(true)
    rows = {"spoken": lip_numbers(shown, level), "filmed": lip_numbers(true, level)}
    written = "speaking.json"
    if sentences:
        lips = recorded(sentences, pipe, clips, judge)
        rows["recordings"] = lip_numbers(lips, level)
        said_by = f"{arguments.model}, read by {name}"
        draw_speech([(s, one.measured) for s, one in zip(sentences, lips, strict=False)][:DRAWN], said_by).savefig(
            folder / "speech.png", dpi=90
        )
        written += " and speech.png"
    head = {"model": arguments.model, "film": arguments.film, "reader": name, "clips": len(clips)}
    report = {"shut_level": level, "shut_on_pbm_labelled": labelled_shut(clips), "lips": rows, "seeds": differ}
    write_report(folder / "speaking.json", head | report | {"lines": lines.agreement})
    print_rows(rows, f"lips on frames: {arguments.model} on {len(clips)} clips of {arguments.film}, read by {name}")
    print_rows({f"{arguments.seeds} seeds": differ}, "performances, from latents", lines)
    Console(highlight=False, soft_wrap=True).print(f"Wrote {folder / written}.")


def learned(pipe: Pipeline, clips: list[Clip], for_lines: list[Clip]) -> tuple[list[Saying], Lines]:
    """True motion of every clip, and lines through that of the clips for lines."""
    from vasa.evaluate.lines import Lines, check_enough
    from vasa.evaluate.sayings import Saying

    check_enough(len(for_lines))
    wanted = {clip.name: clip for clip in [*clips, *for_lines]}
    with bar() as progress:
        found = {name: Saying.of(pipe, wanted[name]) for name in progress.track([*wanted], description="clips")}
    return [found[clip.name] for clip in clips], Lines.fit([found[clip.name] for clip in for_lines])


def sentences_in(folder: str) -> list[Utterance]:
    """Recorded sentences that are kept for measuring; raises FileNotFoundError where the folder holds none."""
    from vasa.people.recorded import recorded_ljspeech

    return [sentence for sentence in recorded_ljspeech(Path(folder)) if sentence.split == "test"]


def recorded(sentences: list[Utterance], pipe: Pipeline, clips: list[Clip], judge: Judge) -> list[Lips]:
    """Sentences, each said by another person of the film, as many as there are of both."""
    from vasa.evaluate.speaking import recited

    with bar() as progress:
        pairs = progress.track([*zip(clips, sentences, strict=False)], description="recordings")
        return [recited(pipe, clip, sentence, judge) for clip, sentence in pairs]


def print_rows(rows: Rows, title: str, lines: Lines | None = None) -> None:
    """A row each, a column a number."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    read = ", ".join(f"{name} r={r:.2f}" for name, r in lines.agreement.items()) if lines else ""
    table = Table(box=None, title=title, caption=f"lines through latents: {read}" if lines else None)
    table.add_column("", no_wrap=True)
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for row, numbers in rows.items():
        table.add_row(row, *(f"{numbers[name]:.2f}" if name in numbers else "" for name in names))
    console = Console()
    Console(width=max(console.width, 24 + 12 * len(names))).print(table)
