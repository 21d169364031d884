"""The `vasa` command: one thin file a command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from vasa import __version__

COMMANDS = (
    "demo", "animate", "reenact", "info", "bench", "fetch", "people", "train", "extract", "evaluate", "verify",
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """All commands; each file of `vasa.cli` adds its own."""
    top = argparse.ArgumentParser(prog="vasa", description="One portrait and one voice become a talking face.")
    top.add_argument("--version", action="version", version=f"vasa {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        import_module(f"vasa.cli.{name}").add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a mistake of the caller is one sentence and exit code 2."""
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except (ValueError, OSError) as error:
        print(f"vasa: {sentence(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("vasa: stopped.", file=sys.stderr)
        return 130
    return 0


def sentence(error: Exception) -> str:
    """What went wrong, on one line."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}."
    return " ".join(str(error).split())
