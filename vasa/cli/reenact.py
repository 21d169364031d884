"""`vasa reenact`: a portrait moves as the face in a video does."""

from __future__ import annotations

import argparse

from vasa.cli import asking, checks
from vasa.cli.writing import write_pieces


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("reenact", help="make a portrait move as the face in a video does")
    command.add_argument("portrait", help="a picture with one face")
    command.add_argument("video", help="a video of one face; its sound, if any, is kept")
    asking.add_output(command)
    asking.add_model(command)
    asking.add_compile(command)
    asking.add_opening(command, video=True)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Check everything, then compute and write a few frames at a time."""
    from vasa import store
    from vasa.media.picture import load_picture
    from vasa.media.sound import has_sound
    from vasa.media.video import VideoReader

    place = checks.output_file(arguments.output, [arguments.portrait, arguments.video])
    store.find(arguments.model)
    opening = asking.opening_of(arguments)
    picture, reader = load_picture(arguments.portrait), VideoReader(arguments.video)
    if has_sound(arguments.video):
        checks.sound_length(arguments.video)
    checks.room_for(0, place)
    pipe = asking.pipeline_of(arguments)
    write_pieces(pipe.follow(picture, reader.path, paste=arguments.paste, opening=opening), place, None)
