"""`vasa people speak`: make a speech corpus of virtual voices."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from vasa.people.corpus import speak_corpus


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--hours", type=float, required=True, help="hours of speech to make")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the corpus; run again to go on")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another corpus (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="processes at a time (default: %(default)s)")


def run(arguments: argparse.Namespace) -> None:
    """Speak, show how far we are, and say what was written."""
    columns = (TextColumn("speaking"), BarColumn(), TextColumn("{task.completed:.2f} of {task.total:.2f} h"))
    with Progress(*columns, TimeRemainingColumn()) as bar:
        task = bar.add_task("speaking", total=arguments.hours)
        path = speak_corpus(
            arguments.output,
            hours=arguments.hours,
            seed=arguments.seed,
            workers=arguments.workers,
            progress=lambda hours: bar.update(task, completed=hours),
        )
    print(f"Wrote {path}.")
