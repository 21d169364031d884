"""Files that callers name: what is wrong with a path is said before any work is done."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

Source = str | PathLike[str]


def existing_file(path: Source) -> Path:
    """The path of a file that is there and holds something; raises FileNotFoundError or ValueError."""
    if not isinstance(path, str | PathLike):
        raise ValueError(f"A file is named by its path; got a {type(path).__name__}.")
    if "://" in str(path):
        raise ValueError(f"{path} is an address on the net, which is not fetched: download it and name the file.")
    file = Path(path).expanduser()
    if not file.exists():
        raise FileNotFoundError(f"There is no file {file}.")
    if file.is_dir():
        raise ValueError(f"{file} is a folder; name a file in it.")
    if file.stat().st_size == 0:
        raise ValueError(f"{file} is empty (0 bytes).")
    return file


def writable_file(path: Source, suffixes: tuple[str, ...]) -> Path:
    """The path of a file that can be written there; raises FileNotFoundError or ValueError."""
    file = Path(path).expanduser()
    if not file.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {file.parent} to write {file.name} into; make it first.")
    if file.is_dir():
        raise ValueError(f"{file} is a folder; name a file in it.")
    if file.suffix.lower() not in suffixes:
        raise ValueError(f"Files written here end in {' or '.join(suffixes)}; got {file.name!r}.")
    return file
