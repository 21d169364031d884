"""`vasa info`: what a model is made of."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from vasa.cli import asking
from vasa.shipped import DEFAULT

if TYPE_CHECKING:
    from torch import nn

    from vasa.pipeline import Pipeline

NOTHING_MORE: Mapping[str, Mapping[str, str]] = MappingProxyType({})
PUBLISHED = (
    "Published: VASA-1 about 200 M parameters in its face model; MegaPortraits 513 GFLOP a frame in its decoder, "
    "LivePortrait 1,234 a frame."
)


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("info", help="parts, parameters, rates and sizes of a model")
    asking.add_model(command)
    command.add_argument("--renderer", metavar="NAME", help="a renderer of conf/renderer instead, without weights")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print one table, to the terminal or a pipe."""
    from vasa import Pipeline

    if arguments.renderer is not None:
        if arguments.model != DEFAULT or arguments.device is not None:
            raise ValueError("--renderer describes a renderer without weights: leave out --model and --device.")
        return show_leaf(arguments.renderer)
    return show_pipeline(Pipeline.from_pretrained(arguments.model, device=arguments.device))


def show_leaf(name: str) -> None:
    """The parts of a renderer that is only described, not loaded, and what they compute."""
    import torch

    from vasa.config import instantiate, leaf
    from vasa.render.cost import cost

    config = leaf("renderer", name)
    with torch.device("meta"):
        renderer = instantiate(config)
    computed, parts = cost(config), {**dict(renderer.named_children()), "all": renderer}
    table = Table(title=f"renderer {name}, {renderer.image_size} px, {renderer.space.size} numbers of motion a frame")
    more = {
        "GFLOP once a face": {part: f"{computed.face.get(part, 0) / 1e9:.1f}" for part in parts},
        "GFLOP a frame": {part: f"{computed.frame.get(part, 0) / 1e9:.1f}" for part in parts},
    }
    add_columns(table, parts, more)
    table.caption = f"A multiply-add counts as two. {PUBLISHED}"
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


def add_columns(
    table: Table, parts: Mapping[str, nn.Module], more: Mapping[str, Mapping[str, str]] = NOTHING_MORE
) -> None:
    """One row a part: name, class, parameters in millions, and further columns {title: {part: text}}."""
    table.add_column("part")
    table.add_column("class")
    for title in ("parameters", *more):
        table.add_column(title, justify="right")
    for name, module in parts.items():
        count = sum(parameter.numel() for parameter in module.parameters())
        cells = (column[name] for column in more.values())
        table.add_row(name, type(module).__name__, f"{count / 1e6:.2f} M", *cells)
