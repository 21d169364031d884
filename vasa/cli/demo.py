"""`vasa demo`: the shipped portrait says the shipped sentence."""

from __future__ import annotations

import argparse

from vasa.cli import animate, asking

PORTRAIT, SPEECH = "portrait.png", "speech.flac"


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("demo", help="make the shipped portrait say the shipped sentence")
    asking.add_output(command, default="demo.mp4")
    asking.add_model(command)
    asking.add_compile(command)
    asking.add_controls(command)
    asking.add_opening(command, video=False)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """`vasa animate` with files that come with the package."""
    from vasa.store import SHIPPED

    folder = SHIPPED / "mini" / "demo"
    arguments.portrait, arguments.speech = str(folder / PORTRAIT), str(folder / SPEECH)
    animate.run(arguments)
