"""`vasa join`: parts that were trained apart, made into one model's folder."""

from __future__ import annotations

import argparse

PARTS = {
    "renderer": "a checkpoint of `vasa train renderer` or `closeup`",
    "motion": "of `vasa train motion`; with --audio, or neither",
    "audio": "of `vasa train audio`",
    "handles": "what `vasa extract` wrote into LATENTS/handles, for edits and dubbing",
}


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("join", help="make one model of parts that were trained apart")
    for part, about in PARTS.items():
        command.add_argument(f"--{part}", metavar="FOLDER", required=part == "renderer", help=about)
    command.add_argument("--half", action="store_true", help="weights in half precision, as those that ship")
    command.add_argument("-o", "--output", required=True, help="the new folder; use it with --model FOLDER")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Check that the parts fit, and write them with what their models joined them by (`pipeline.yaml`).

    Raises ValueError where they do not fit, or the folder is there.
    """
    from pathlib import Path

    from vasa import Pipeline, store

    parts = {part: Path(getattr(arguments, part)) for part in PARTS if getattr(arguments, part)}
    joints = {name: tree for folder in parts.values() for name, tree in store.joints_of(folder.parent).items()}
    Pipeline.of(store.Found(parts, joints)).save_pretrained(arguments.output, half=arguments.half)
    print(f"Wrote {arguments.output}: {', '.join(parts)}.")
