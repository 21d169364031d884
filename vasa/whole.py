"""Files that are there whole or not at all."""

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
