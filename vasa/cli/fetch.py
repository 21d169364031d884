"""`vasa fetch`: a published model's weights, made into vasa's parts and kept."""

from __future__ import annotations

import argparse


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("fetch", help="get a published model before its first use, or from files you have")
    command.add_argument("name", help="a published model, such as liveportrait")
    command.add_argument("--source", metavar="PLACE", help="a folder or a hub id with its files (default: the usual)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Fetch, convert, and say where it is."""
    from vasa import store

    place = store.kept(arguments.name, arguments.source)
    print(f"{arguments.name} is in {place}; use it with --model {arguments.name}.")
