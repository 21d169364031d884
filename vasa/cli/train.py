"""`vasa train`: teach one of the parts; the rest of the line is Hydra overrides."""

from __future__ import annotations

import argparse
from importlib import import_module

from vasa.cli.overrides import add_overrides

STAGES = ("renderer", "dynamics", "closeup", "motion", "audio", "reader", "student", "enhancer", "capp", "sync")


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("train", help="train a part of a pipeline, the face reader, or a judge")
    command.add_argument("stage", choices=STAGES)
    add_overrides(command)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Hand the overrides to the stage's own file."""
    import_module(f"vasa.cli.train_{arguments.stage}").run(arguments.overrides)
