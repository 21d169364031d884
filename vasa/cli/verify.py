"""`vasa verify`: whether a video was made by vasa."""

from __future__ import annotations

import argparse
from pathlib import Path


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("verify", help="say whether a video was made by vasa, by its invisible mark")
    command.add_argument("video", type=Path)
    command.add_argument("--frames", type=int, default=100, help="how many frames to look at (default 100)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print one line: found or not, how clearly, and what the title says; not found is exit code 1."""
    from itertools import islice

    from vasa.media.video import VideoReader
    from vasa.media.watermark import FOUND, score

    if arguments.frames < 1:
        raise ValueError(f"--frames is at least 1; got {arguments.frames}.")
    video = VideoReader(arguments.video)
    seen = score(islice(video, arguments.frames))
    found = "made by vasa" if seen > FOUND else "no mark of vasa was found"
    told = f"title: {video.title!r}" if video.title else "no title"
    print(f"{arguments.video}: {found} (mark {seen:.1f}, found above {FOUND:g}; {told}).")
    if seen <= FOUND:
        raise SystemExit(1)
