"""The `vasa` command: one thin file a command."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from vasa import __version__
from vasa.cli.overrides import parsed

COMMANDS = (
    "demo", "animate", "reenact", "info", "bench", "fetch", "people", "watch", "train", "extract", "join", "evaluate",
    "verify", "export",
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
    """Run one command; a mistake of the caller is one sentence and exit code 2, a warning one sentence."""
    try:
        arguments = parsed(parser(), argv)
        with _terminable(), warnings.catch_warnings():
            warnings.showwarning = _told(warnings.showwarning)
            arguments.run(arguments)
    except (ValueError, OSError) as error:
        print(f"vasa: {sentence(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("vasa: stopped.", file=sys.stderr)
        return 130
    return 0


@contextmanager
def _terminable() -> Iterator[None]:
    """Being told to end is as Ctrl-C: what is half done is taken away, and the files that were there stay."""
    if threading.current_thread() is not threading.main_thread():  # only there may signals be asked for
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _told(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Shows vasa's own warnings as one sentence; others as they are."""

    def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
        if category.__module__.startswith("vasa."):
            print(f"vasa: {message}", file=sys.stderr)
        else:
            otherwise(message, category, *where)

    return show


def sentence(error: Exception) -> str:
    """What went wrong, on one line."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}."
    return " ".join(str(error).split())
