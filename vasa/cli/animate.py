"""`vasa animate`: a picture and a sound become a video."""

from __future__ import annotations

import argparse

from vasa.cli import asking, checks
from vasa.cli.writing import write_pieces
from vasa.clock import CLOCK


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("animate", help="make a portrait say what a voice says")
    command.add_argument("portrait", help="a picture with one face")
    command.add_argument("speech", help="a sound, or a video with a sound track")
    asking.add_output(command)
    asking.add_model(command)
    asking.add_compile(command)
    asking.add_controls(command)
    asking.add_opening(command, video=False)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Check everything, then compute and write window by window."""
    from vasa import store
    from vasa.media.picture import load_picture

    asking.check_controls(arguments)
    place = checks.output_file(arguments.output, [arguments.portrait, arguments.speech])
    store.find(arguments.model, voice=True)
    opening, picture = asking.opening_of(arguments), load_picture(arguments.portrait)
    samples = checks.sound_length(arguments.speech)
    controls = asking.controls_of(arguments, CLOCK.frames_covering(samples))
    checks.room_for(samples / CLOCK.sample_rate, place)
    pipe = asking.pipeline_of(arguments)
    pieces = pipe.play(
        picture, arguments.speech, controls, arguments.seed, paste=arguments.paste, opening=opening
    )  # fmt: skip
    write_pieces(pieces, place, CLOCK.frames_covering(samples))
