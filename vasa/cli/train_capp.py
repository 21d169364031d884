"""vasa train capp: teach the judge of sound and head from a film."""

from __future__ import annotations

from vasa.cli.agreeing import teach
from vasa.data.agreeing import head


def run(overrides: list[str]) -> None:
    """See `vasa.cli.agreeing.teach` and `conf/train_capp.yaml`."""
    teach("capp", head, overrides)
