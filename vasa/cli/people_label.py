"""`vasa people label`: bring an older film's labels up to date."""

from __future__ import annotations

import argparse
from pathlib import Path


def add(actions: argparse._SubParsersAction) -> None:
    command = actions.add_parser("label", help="add the labels that an older film lacks, without filming it again")
    command.add_argument("film", type=Path, help="folder written by `vasa people film`")
    command.add_argument("--avatars", type=Path, required=True, help="the .glb avatars it was filmed with")
    command.add_argument("--recordings", type=Path, help="the LJ Speech sentences it was filmed with, if any")
    command.add_argument("--shapes", type=Path, help="FaceKit's folder or .tar.xz, if it was filmed with it")
    command.add_argument("--fitted", type=Path, help="folder of the people made from portraits in it, if any")
    command.add_argument("--workers", type=int, default=1, help="processes at a time (default 1)")
    command.add_argument("--cache", type=Path, help="where read avatars are kept (default: the user's cache folder)")
    command.set_defaults(run=label)


def label(arguments: argparse.Namespace) -> None:
    """Label clip after clip with a progress bar."""
    from vasa.cli.writing import bar
    from vasa.people.relabel import plan_of, relabel_film

    if arguments.workers < 1:
        raise ValueError(f"--workers is at least 1; got {arguments.workers}.")
    plan = plan_of(
        arguments.film,
        avatars=arguments.avatars,
        recordings=arguments.recordings,
        cache=arguments.cache,
        shapes=arguments.shapes,
        fitted=arguments.fitted,
    )
    with bar() as progress:
        task = progress.add_task("clips", total=plan.clips)
        new = relabel_film(plan, workers=arguments.workers, progress=lambda clips: progress.advance(task, clips))
    print(f"{new} of {plan.clips} clips of {arguments.film} got labels that they lacked.")
