"""`vasa people speak`: make a speech corpus of virtual voices."""

from __future__ import annotations

import argparse
from pathlib import Path


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("speak", help="make a speech corpus of virtual voices")
    command.add_argument("--hours", type=float, required=True, help="hours of speech to make")
    command.add_argument("--seed", type=int, default=0, help="another seed is another corpus (default 0)")
    command.add_argument("--workers", type=int, default=1, help="processes at a time (default 1)")
    command.add_argument("-o", "--output", type=Path, required=True, help="folder of the corpus; run again to go on")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Speak, show how far we are, and say what was written."""
    if arguments.workers < 1:
        raise ValueError(f"--workers is at least 1; got {arguments.workers}.")
    if not arguments.hours > 0:
        raise ValueError(f"--hours is more than 0; got {arguments.hours:g}.")
    from vasa.cli.writing import bar
    from vasa.people.corpus import speak_corpus

    with bar() as progress:
        task = progress.add_task("speak", total=round(3600 * arguments.hours))
        path = speak_corpus(
            arguments.output,
            hours=arguments.hours,
            seed=arguments.seed,
            workers=arguments.workers,
            progress=lambda hours: progress.update(task, completed=round(3600 * hours)),
        )
    print(f"Wrote {arguments.hours:g} h of speech to {path.parent}.")
