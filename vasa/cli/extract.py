"""`vasa extract`: turn a film into latents for `vasa train motion`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("extract", help="turn a film into motion latents and sound features")
    command.add_argument("film", type=Path, help="folder written by `vasa people film`")
    command.add_argument(
        "--renderer", type=Path, required=True, help="its checkpoint; the measured space is noted in it"
    )
    command.add_argument("--audio", type=Path, required=True, help="checkpoint of the audio encoder")
    command.add_argument("--window", type=int, default=50, help="frames a window of sound has (default 50)")
    command.add_argument("-o", "--output", type=Path, required=True, help="folder for the latents")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Extract every clip, measure the space, note it in the renderer's checkpoint."""
    from vasa import checkpoint
    from vasa.cli.writing import bar
    from vasa.data.extract import extract, measure_space, write_index
    from vasa.data.film import clips_of, talking

    clips = talking(clips_of(arguments.film, "train") + clips_of(arguments.film, "test"))
    renderer, encoder = checkpoint.load(arguments.renderer), checkpoint.load(arguments.audio)
    with bar() as progress:
        task = progress.add_task("extract", total=len(clips))
        for done in extract(clips, renderer, encoder, arguments.output, window=arguments.window):
            progress.update(task, completed=done)
    space = measure_space(clips, arguments.output, renderer.space.name)
    write_index(clips, arguments.output, space, encoder.dim)
    config = checkpoint.config_of(arguments.renderer)
    config.space = {"_target_": "vasa.space.MotionSpace", **asdict(space)}
    checkpoint.save(arguments.renderer, renderer, config)
    print(f"Wrote {len(clips)} clips of latents to {arguments.output}.")
