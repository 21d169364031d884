"""Settings as Hydra overrides, `key=value`, anywhere on the line of a command that takes them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def add_overrides(command: argparse.ArgumentParser) -> None:
    """The command takes overrides, among its options or after them; they come as `arguments.overrides`."""
    command.add_argument("overrides", nargs="*", metavar="key=value", help="settings as Hydra overrides, anywhere")


def parsed(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """As `parse_args`, which takes the words of a list only where they stand together.

    Raises ValueError where a word is no option of the command, nor a setting.
    """
    arguments, rest = parser.parse_known_args(argv)
    if not hasattr(arguments, "overrides"):
        if rest:
            raise ValueError(f"{_name(arguments)} does not take {rest[0]}; see {_name(arguments)} --help.")
        return arguments
    words = [*arguments.overrides, *rest]
    if options := [word for word in rest if word.startswith("-")]:
        raise ValueError(f"{_name(arguments)} has no option {options[0]}; its settings are written steps=10, undashed.")
    if others := [word for word in words if "=" not in word and not word.startswith("~")]:  # Hydra's ~key deletes
        raise ValueError(f"{others[0]!r} is no setting of {_name(arguments)}; settings are written key=value.")
    return argparse.Namespace(**{**vars(arguments), "overrides": words})


def _name(arguments: argparse.Namespace) -> str:
    """The command as it was typed, such as "vasa people film"."""
    return " ".join(["vasa", arguments.command, *filter(None, [getattr(arguments, "action", None)])])
