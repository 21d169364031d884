"""`vasa info`: what a model is made of."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from vasa.cli import asking

if TYPE_CHECKING:
    from torch import nn

    from vasa.pipeline import Pipeline


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("info", help="parts, parameters, rates and sizes of a model")
    asking.add_model(command)
    command.add_argument("--renderer", metavar="NAME", help="a renderer of conf/renderer instead, without weights")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print one table, to the terminal or a pipe."""
    from vasa import Pipeline

    if arguments.renderer is not None:
        return show_leaf(arguments.renderer)
    return show_pipeline(Pipeline.from_pretrained(arguments.model, device=arguments.device))


def show_leaf(name: str) -> None:
    """The parts of a renderer that is only described, not loaded: the meta device holds no numbers."""
    import torch

    from vasa.config import instantiate, leaf

    with torch.device("meta"):
        renderer = instantiate(leaf("renderer", name))
    table = Table(title=f"renderer {name}, {renderer.image_size} px, {renderer.space.size} numbers of motion a frame")
    add_columns(table, {part: module for part, module in renderer.named_children()} | {"all": renderer})
    Console().print(table)


def show_pipeline(pipe: Pipeline) -> None:
    """Parts of a pipeline, what they exchange, and the models that ship."""
    from vasa import store

    table = Table(title=repr(pipe))
    add_columns(table, {part: module for part in store.PARTS if (module := getattr(pipe, part)) is not None})
    space, audio = pipe.renderer.space, pipe.audio
    heard = "no voice" if audio is None else (
        f"audio features {audio.dim} a frame, {audio.context_s:g} s of past, {audio.lookahead_s:g} s of look-ahead"
    )
    table.caption = (
        f"motion {space.size} a frame (6 pose, {space.dynamics} dynamics), {heard}; shipped: {', '.join(store.names())}"
    )
    Console().print(table)


def add_columns(table: Table, parts: dict[str, nn.Module]) -> None:
    """One row a part: name, class, parameters in millions."""
    table.add_column("part")
    table.add_column("class")
    table.add_column("parameters", justify="right")
    for name, module in parts.items():
        count = sum(parameter.numel() for parameter in module.parameters())
        table.add_row(name, type(module).__name__, f"{count / 1e6:.2f} M")
