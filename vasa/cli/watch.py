"""`vasa watch`: turn videos of people into a film, so that `vasa extract` and `vasa train motion` learn from them."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vasa.data.watching import Video


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("watch", help="turn videos of people into a film to learn motion from")
    command.add_argument(
        "videos", type=Path, nargs="+", metavar="VIDEO", help="video, or folder of videos (a folder in it a person)"
    )
    command.add_argument("--size", type=int, default=256, help="pixels a side of the faces cut out (default 256)")
    command.add_argument("--seconds", type=float, default=10.0, help="length of a clip at most (default 10)")
    command.add_argument("--held-out", type=float, default=0.1, help="share of people kept for testing (default 0.1)")
    command.add_argument("--reader", type=Path, help="checkpoint of a face reader (default: the one that ships)")
    command.add_argument("--device", help="cpu, cuda or mps (default: the best there is)")
    command.add_argument("-o", "--output", type=Path, required=True, help="folder for the film")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Watch every video that is not in the film yet."""
    check(arguments)
    from vasa import checkpoint, device
    from vasa.cli.writing import bar
    from vasa.clock import CLOCK
    from vasa.data.watching import Watcher, videos_in, watch
    from vasa.face.reader_detector import SHIPPED, ReaderDetector

    videos = videos_in(arguments.videos, held_out=arguments.held_out)
    claim(arguments.output, arguments.size)
    reader = checkpoint.load(arguments.reader or SHIPPED).to(device.choose(arguments.device))
    watcher = Watcher(
        ReaderDetector.shipped(), reader, size=arguments.size, longest=CLOCK.frames_in(arguments.seconds)
    )
    with bar() as progress:
        task = progress.add_task("watch", total=len(videos))
        for video in videos:
            if not video.shard(arguments.output).exists() and not watch(video, watcher, arguments.output):
                print(f"vasa: {video.path} shows no face plainly for two seconds, or has no sound.", file=sys.stderr)
            progress.advance(task)
    summary(arguments.output, videos)


def check(arguments: argparse.Namespace) -> None:
    """Raises ValueError or FileNotFoundError before anything is watched."""
    if missing := [place for place in arguments.videos if not place.exists()]:
        raise FileNotFoundError(f"There is no {missing[0]}.")
    if arguments.size < 64 or arguments.size % 4:
        raise ValueError(f"--size is a multiple of 4 from 64 on; got {arguments.size}.")
    if not 2 <= arguments.seconds <= 60:
        raise ValueError(f"--seconds is 2 to 60; got {arguments.seconds:g}.")
    if not 0 <= arguments.held_out < 1:
        raise ValueError(f"--held-out is a share from 0 to below 1; got {arguments.held_out:g}.")


def claim(film: Path, size: int) -> None:
    """Begin a film, or go on with it; raises ValueError where the folder holds another."""
    from vasa.clock import CLOCK
    from vasa.data.clip import VERSION
    from vasa.whole import beside

    place, facts = film / "film.json", {"version": VERSION, "size": size, "fps": CLOCK.frame_rate, "watched": True}
    if place.is_file() and json.loads(place.read_text()) != facts:
        raise ValueError(f"{film} holds another film, or one of another --size; name a new folder.")
    film.mkdir(parents=True, exist_ok=True)
    with beside(place) as file:
        file.write_text(json.dumps(facts))


def summary(film: Path, videos: Sequence[Video]) -> None:
    """One line on what there is; raises ValueError where there is nothing."""
    from vasa.clock import CLOCK
    from vasa.data.clip import clips_in

    clips = clips_in(film)
    if not clips:
        shutil.rmtree(film / "shards", ignore_errors=True)  # they hold nothing but which videos were of no use
        (film / "film.json").unlink(missing_ok=True)
        with suppress(OSError):
            film.rmdir()
        raise ValueError("None of these videos became a clip, so there is no film; name some with one face and sound.")
    minutes, people = sum(map(len, clips)) / CLOCK.frame_rate / 60, len({clip.facts["person"] for clip in clips})
    print(f"{film} holds {len(clips)} clips, {minutes:.1f} minutes of {people} people, of {len(videos)} videos.")
