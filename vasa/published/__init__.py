"""Models that others published: one small file each, with where its files lie and how vasa's parts are made of them.

To add one, write a file with ORIGINALS, of `vasa.published.originals.Originals`, and `made_from(folder) -> Made`, and
add its name to NAMES. `vasa.store` keeps what was made and never asks twice.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from vasa.published.originals import Made

NAMES = ("liveportrait", "joyvasa")
__all__ = ["NAMES", "Made", "make", "parts"]


def parts(name: str) -> tuple[str, ...]:
    """What a published model has of a pipeline, without its files."""
    named: tuple[str, ...] = import_module(f"vasa.published.{name}").ORIGINALS.parts
    return named


def make(name: str, shelf: Path, source: Path | str | None = None) -> Made:
    """The parts of a published model; raises ValueError where its files are missing, damaged or of another model.

    shelf: the folder where its files are looked for before the hub is asked. source: a folder or a hub id that has them
    instead.
    """
    model = import_module(f"vasa.published.{name}")
    made: Made = model.made_from(model.ORIGINALS.folder(shelf, source))
    return made
