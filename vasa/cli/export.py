"""`vasa export`: the per-frame path of a model's renderer, for other run-times."""

from __future__ import annotations

import argparse


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "export", help="a renderer as ONNX or as an exported PyTorch program",
        description="Writes what every frame costs: portrait tensors and motion go in, pictures come out.",
    )  # fmt: skip
    command.add_argument("model", help="a shipped name, a folder or a hub id")
    command.add_argument("-o", "--output", required=True, help="the .onnx or .pt2 file to write")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Write the file and say what it takes."""
    from rich.console import Console

    from vasa import checkpoint, export, store

    place = export.destination(arguments.output)
    renderer = checkpoint.load(store.find(arguments.model).parts["renderer"])
    export.save(renderer, place)
    size, side = renderer.space.size, renderer.image_size
    Console(highlight=False, soft_wrap=True).print(
        f"Wrote {place}: a portrait's tensors and motion (T, {size}) -> frames (T, 3, {side}, {side}); "
        "vasa.export.inputs names them."
    )
