"""vasa train sync: teach the judge of sound and mouth from a film."""

from __future__ import annotations

from vasa.cli.agreeing import teach
from vasa.data.agreeing import mouth


def run(overrides: list[str]) -> None:
    """See `vasa.cli.agreeing.teach` and `conf/train_sync.yaml`."""
    teach("sync", mouth, overrides)
