"""`vasa people`: film virtual people, look at them, hear them."""

from __future__ import annotations

import argparse
from pathlib import Path

from vasa.cli import people_label, people_speak


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("people", help="virtual people: film them, label a film, show one, make their speech")
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_film(actions)
    _add_show(actions)
    people_label.add(actions)
    people_speak.add(actions)


def _add_film(actions: argparse._SubParsersAction) -> None:
    command = actions.add_parser("film", help="film talking people with all labels")
    command.add_argument("--people", type=int, required=True, help="how many people; every sixteenth is kept for tests")
    length = command.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="minutes of film")
    length.add_argument(
        "--paired", type=int, metavar="MOTIONS",
        help="instead: so many motions, each acted by all people, and a grid of poses and faces of each; for measuring",
    )  # fmt: skip
    command.add_argument("--size", type=int, default=128, help="pixels of the square picture (default 128)")
    command.add_argument("--avatars", type=Path, required=True, help="folder of .glb avatars")
    command.add_argument("--recordings", type=Path, help="folder of LJ Speech sentences with alignment.json")
    command.add_argument("--sensor", action="store_true", help="blur, noise and loss of JPEG or H.264, drawn per clip")
    command.add_argument("--seed", type=int, default=0, help="another seed is another film (default 0)")
    command.add_argument("--workers", type=int, default=1, help="processes at a time (default 1)")
    command.add_argument("--cache", type=Path, help="where read avatars are kept (default: the user's cache folder)")
    command.add_argument("-o", "--output", type=Path, required=True, help="folder of the film; run again to go on")
    command.set_defaults(run=film)


def _add_show(actions: argparse._SubParsersAction) -> None:
    command = actions.add_parser("show", help="draw one person's poses, mouth shapes and emotions, and film a talk")
    command.add_argument("seed", type=int, help="which person")
    command.add_argument("--crowd", type=int, help="so many people of that seed instead of one, and no talk")
    command.add_argument("--size", type=int, default=192, help="pixels of each picture (default 192)")
    command.add_argument("--seconds", type=float, default=10.0, help="length of the talk (default 10)")
    command.add_argument("--avatars", type=Path, required=True, help="folder of .glb avatars")
    command.add_argument("--cache", type=Path, help="where read avatars are kept (default: the user's cache folder)")
    command.add_argument("-o", "--output", type=Path, required=True, help="the sheet, a PNG; the talk is an mp4 beside")
    command.set_defaults(run=show)


def film(arguments: argparse.Namespace) -> None:
    """Say how much disk it takes, film with a progress bar, say what was written."""
    import time

    from vasa.cli.writing import bar
    from vasa.clock import CLOCK
    from vasa.people.film import CLIP_S, Plan
    from vasa.people.film import film as shoot
    from vasa.people.sheet import film_sheet
    from vasa.people.statistics import write_statistics

    if arguments.people < 1 or arguments.workers < 1:
        raise ValueError("A film needs at least one person and one worker.")
    plan = Plan(
        folder=arguments.output,
        avatars=arguments.avatars,
        people=arguments.people,
        clips=_clips(arguments),
        size=arguments.size,
        seed=arguments.seed,
        recordings=arguments.recordings,
        cache=arguments.cache,
        paired=arguments.paired is not None,
        sensor=arguments.sensor,
    )
    print(f"{plan.clips} clips; the whole film takes {plan.bytes_needed / 1e9:.1f} GB.")
    started, frames = time.perf_counter(), 0
    with bar() as progress:
        missing = sum(not plan.clip(index).exists() for index in range(plan.clips))
        task = progress.add_task("frames", total=round(missing * CLIP_S * CLOCK.frame_rate))

        def done(count: int) -> None:
            nonlocal frames
            frames += count
            rate = frames / (time.perf_counter() - started)
            progress.update(task, advance=count, description=f"{rate:.0f} frames a second")

        path = shoot(plan, workers=arguments.workers, progress=done)
    rate = frames / (time.perf_counter() - started)
    write_statistics(path.parent)
    film_sheet(path.parent).save(path.parent / "sheet.png")
    print(f"Wrote {path.parent}: {frames} new frames at {rate:.1f} frames a second.")
    print("What it shows is in statistics.json and sheet.png.")


def _clips(arguments: argparse.Namespace) -> int:
    """How many clips were asked for; raises ValueError for none."""
    from vasa.people.film import clips_for
    from vasa.people.paired import paired_clips

    if arguments.paired is not None:
        if arguments.paired < 1:
            raise ValueError(f"--paired is at least 1 motion; got {arguments.paired}.")
        return paired_clips(arguments.people, arguments.paired)
    if arguments.minutes <= 0:
        raise ValueError(f"--minutes is more than 0; got {arguments.minutes}.")
    return clips_for(arguments.minutes)


def show(arguments: argparse.Namespace) -> None:
    """Draw a sheet, of one person with a talk beside it."""
    from vasa.people.sheet import crowd_sheet, person_sheet

    if not arguments.output.parent.is_dir():
        raise ValueError(f"There is no folder {arguments.output.parent}; make it first.")
    if arguments.seconds <= 0:
        raise ValueError(f"--seconds is more than 0; got {arguments.seconds:g}.")
    common = {"seed": arguments.seed, "size": arguments.size, "cache": arguments.cache}
    if arguments.crowd:
        sheet = crowd_sheet(arguments.crowd, arguments.avatars, **common)
    else:
        _show_talk(arguments)
        sheet = person_sheet(0, arguments.avatars, **common)
    sheet.save(arguments.output)
    print(f"Wrote {arguments.output}: {sheet.width}x{sheet.height}.")


def _show_talk(arguments: argparse.Namespace) -> None:
    from vasa.people.person import avatar_files, person
    from vasa.people.showing import talk, write_talk
    from vasa.people.speech_source import open_source

    who = person(0, avatar_files(arguments.avatars), seed=arguments.seed)
    made = talk(who, open_source(None), seed=arguments.seed, seconds=arguments.seconds)
    path = arguments.output.with_suffix(".mp4")
    write_talk(made, path, size=arguments.size, cache=arguments.cache)
    print(f'Wrote {path}: "{made.said.text}" ({made.said.voice}).')
