"""Files that are there whole or not at all, and what is said where that fails."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def beside(place: Path) -> Iterator[Path]:
    """Where to write meanwhile: a path in the same folder with the same ending, renamed to `place` at the end.

    After an error what was at `place` is still there, and nothing is left beside it.
    """
    meanwhile = place.with_name(f".{place.stem}.{os.getpid()}-{threading.get_ident()}{place.suffix}")
    try:
        yield meanwhile
        meanwhile.replace(place)
    finally:
        meanwhile.unlink(missing_ok=True)


def reason(error: Exception) -> str:
    """What went wrong, on one line without a full stop: an error's first, or its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
