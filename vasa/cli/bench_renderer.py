"""`vasa bench renderer`: frames a second of renderers on this machine, the part that every frame costs."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from vasa.cli import asking
from vasa.cli.checks import set_threads

if TYPE_CHECKING:
    import torch
    from omegaconf import DictConfig
    from torch import nn

ABOUT = (
    "Frames a second of renderers alone: the face is encoded before, norms are folded, frames go through in batches. "
    "The renderer of --model has its own weights; those of --renderer have random weights, which take as long."
)


def add(actions: argparse._SubParsersAction) -> None:
    command = actions.add_parser(
        "renderer", help="renderers alone, in batches and precisions", description=ABOUT,
        argument_default=argparse.SUPPRESS,  # so that options of `vasa bench` count, wherever they stand
    )  # fmt: skip
    command.add_argument("--model", help=asking.MODEL)
    command.add_argument("--device", help="cpu, cuda or mps (default: the best there is)")
    command.add_argument("--threads", type=int, help="CPU threads (default: all cores)")
    command.add_argument(
        "--renderer", action="append", default=[], metavar="NAME",
        help="also one of conf/renderer, such as liveportrait or paper, with random weights; may be given again",
    )  # fmt: skip
    command.add_argument("--frames", type=int, default=16, help="frames timed for each number, at least (default: 16)")
    command.add_argument("--batch", type=int, nargs="+", default=[1, 8], help="frames at once (default: 1 8)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print one table: a row for each renderer, a column for each batch and precision."""
    from vasa import checkpoint, device, store
    from vasa.config import instantiate, leaf

    if min(arguments.frames, *arguments.batch) < 1:
        raise ValueError("--frames and --batch are at least 1.")
    others = {name: getattr(arguments, name) for name in ("seconds", "stride", "lookahead", "output")}
    if any(value is not None for value in others.values()) or arguments.compile or arguments.sessions != 1:
        given = ", ".join(f"--{name}" for name in (*others, "compile", "sessions"))
        raise ValueError(f"`vasa bench renderer` takes no sound and streams nothing: leave out {given}.")
    where, folder = device.choose(arguments.device), store.find(arguments.model).parts["renderer"]
    configs = {f"{name}, random weights": leaf("renderer", name) for name in arguments.renderer}
    own = checkpoint.config_of(folder)
    set_threads(arguments.threads)
    table = {arguments.model: row(checkpoint.load(folder), where, arguments.frames, arguments.batch) | work(own)}
    for name, config in configs.items():
        table[name] = row(instantiate(config), where, arguments.frames, arguments.batch) | work(config)
    show(table, where)


def work(config: DictConfig) -> dict[str, str]:
    """How much a frame takes, on every machine: {column: text}."""
    from vasa.render.cost import cost

    return {"GFLOP a frame": f"{cost(config).frame['all'] / 1e9:.3g}"}


def row(renderer: nn.Module, where: torch.device, frames: int, batches: list[int]) -> dict[str, str]:
    """Frames a second of one renderer here: {column: text}."""
    from vasa.render import Renderer
    from vasa.render.blocks import fold
    from vasa.render.speed import channels_last, fast, has_fast_bfloat16
    from vasa.render.timing import frames_a_second, remembered

    model = channels_last(fold(renderer.eval().to(where)))
    assert isinstance(model, Renderer)
    portrait, cells = remembered(model, where), {"picture": f"{model.image_size} px"}
    for batch in batches:
        cells[f"float32 x {batch}"] = f"{frames_a_second(model, portrait, frames=frames, batch=batch):.3g}"
        if has_fast_bfloat16(where):
            with fast(where):
                cells[f"bfloat16 x {batch}"] = f"{frames_a_second(model, portrait, frames=frames, batch=batch):.3g}"
    return cells


def show(table: dict[str, dict[str, str]], where: torch.device) -> None:
    """Frames a second, and what they were measured on."""
    import torch
    from rich.console import Console
    from rich.table import Table

    from vasa.cli.bench import processor

    drawn = Table("renderer", *next(iter(table.values())), title="Frames a second, by precision x frames at once")
    for name, cells in table.items():
        drawn.add_row(name, *cells.values())
    name = torch.cuda.get_device_name(where) if where.type == "cuda" else processor()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    Console().print(drawn)
    Console().print(f"{name}, {torch.get_num_threads()} threads{load}, {where}, torch {torch.__version__}")
