"""`vasa people`: film virtual people, look at them, hear them."""

from __future__ import annotations

import argparse
from pathlib import Path

from vasa.cli import people_film, people_fit, people_label, people_speak

TALK_S = 10.0


def add(commands: argparse._SubParsersAction) -> None:
    about = "virtual people: film them, make them of portraits, label a film, show one, make their speech"
    command = commands.add_parser("people", help=about)
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    people_film.add(actions)
    _add_show(actions)
    people_fit.add(actions)
    people_label.add(actions)
    people_speak.add(actions)


def _add_show(actions: argparse._SubParsersAction) -> None:
    command = actions.add_parser("show", help="draw one person's poses, mouth shapes and emotions, and film a talk")
    command.add_argument("seed", type=int, help="which person")
    command.add_argument("--crowd", type=int, help="so many people of that seed instead of one, and no talk")
    command.add_argument("--size", type=int, default=192, help="pixels of each picture (default 192)")
    command.add_argument("--seconds", type=float, help="length of the talk (default 10)")
    command.add_argument("--avatars", type=Path, required=True, help="folder of .glb avatars")
    command.add_argument("--shapes", type=Path, help="FaceKit's folder or .tar.xz, for more shapes of head")
    command.add_argument("--cache", type=Path, help="where read avatars are kept (default: the user's cache folder)")
    command.add_argument("-o", "--output", type=Path, required=True, help="the sheet, a PNG; the talk is an mp4 beside")
    command.set_defaults(run=show)


def show(arguments: argparse.Namespace) -> None:
    """Draw a sheet, of one person with a talk beside it."""
    from vasa.people.sheet import crowd_sheet, person_sheet

    if not arguments.output.parent.is_dir():
        raise ValueError(f"There is no folder {arguments.output.parent}; make it first.")
    if arguments.seconds is not None and arguments.crowd:
        raise ValueError("--seconds is the length of one person's talk; with --crowd nobody talks: leave it out.")
    if arguments.seconds is not None and arguments.seconds <= 0:
        raise ValueError(f"--seconds is more than 0; got {arguments.seconds:g}.")
    common = {"seed": arguments.seed, "size": arguments.size, "cache": arguments.cache, "shapes": arguments.shapes}
    if arguments.crowd:
        sheet = crowd_sheet(arguments.crowd, arguments.avatars, **common)
    else:
        _show_talk(arguments)
        sheet = person_sheet(0, arguments.avatars, **common)
    sheet.save(arguments.output)
    print(f"Wrote {arguments.output}: {sheet.width}x{sheet.height}.")


def _show_talk(arguments: argparse.Namespace) -> None:
    from vasa.people.person import avatar_files, person
    from vasa.people.showing import talk, write_talk
    from vasa.people.speech_source import open_source

    who = person(0, avatar_files(arguments.avatars), seed=arguments.seed)
    made = talk(who, open_source(None), seed=arguments.seed, seconds=arguments.seconds or TALK_S)
    path = arguments.output.with_suffix(".mp4")
    write_talk(made, path, size=arguments.size, cache=arguments.cache, shapes=arguments.shapes)
    print(f'Wrote {path}: "{made.said.text}" ({made.said.voice}).')
