"""`vasa people film`: film talking people with all labels."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from vasa.cli.overrides import add_overrides

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from vasa.people.film import Plan

LENGTHS = ("minutes", "clips_per_person", "paired")
KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("people", "clips_per_person", "paired", "size", "seed", "workers"), (int,)),
    **dict.fromkeys(("minutes", "clip_seconds", "fitted_share", "directed"), (int, float)),
    **dict.fromkeys(("sensor", "rooms"), (bool,)),
    "voices": (str,),
}


def add(actions: argparse._SubParsersAction) -> None:
    command = actions.add_parser(
        "film", help="film talking people with all labels", epilog="Every setting, with its default and what it does, "
        "is in conf/people_film.yaml; --clip-seconds 4 and clip_seconds=4 are the same.",
    )  # fmt: skip
    add_overrides(command)
    command.add_argument("--people", type=int, help="how many people; every sixteenth is kept for tests")
    command.add_argument("--split", choices=("all", "train", "test"), help="only people of that split (default all)")
    length = command.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, help="minutes of film")
    length.add_argument("--clips-per-person", type=int, metavar="CLIPS", help="instead: so many clips of everybody")
    length.add_argument(
        "--paired", type=int, metavar="MOTIONS",
        help="instead: so many motions, each acted by all people, and a grid of poses and faces of each; for measuring",
    )  # fmt: skip
    command.add_argument("--clip-seconds", type=float, help="mean length of a clip (default 6)")
    command.add_argument("--size", type=int, help="pixels of the square picture (default 128)")
    command.add_argument("--avatars", help="folder of .glb avatars")
    command.add_argument(
        "--directed", type=float, metavar="SHARE",
        help="share of the clips that look past the camera for seconds and feel strongly (default 0)",
    )  # fmt: skip
    command.add_argument("--recordings", help="folder of LJ Speech sentences with alignment.json")
    command.add_argument(
        "--sensor", action="store_true", default=None, help="blur, noise and loss of JPEG or H.264, drawn per clip"
    )
    command.add_argument(
        "--rooms", action="store_true", default=None, help="echo, noise and loudness of rooms, drawn per clip"
    )
    command.add_argument("--voices", metavar="MODULE:FUNCTION", help="your own text-to-speech instead of espeak-ng's")
    command.add_argument("--seed", type=int, help="another seed is another film (default 0)")
    command.add_argument("--workers", type=int, help="processes at a time (default 1)")
    command.add_argument("--shapes", help="FaceKit's folder or .tar.xz, for more shapes of head")
    command.add_argument("--fitted", help="folder of people made from portraits by vasa people fit")
    command.add_argument("--fitted-share", type=float, help="share of the people that are (default 0.3)")
    command.add_argument("--cache", help="where read avatars are kept (default: the user's cache folder)")
    command.add_argument("-o", "--output", help="folder of the film; run again to go on")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Say how much disk it takes, film with a progress bar, say what was written."""
    import time

    from vasa.cli.writing import bar
    from vasa.clock import CLOCK
    from vasa.people.film import film
    from vasa.people.sheet import film_sheet
    from vasa.people.statistics import write_statistics

    settings = settings_of(arguments)
    if settings.voices:
        sys.path.insert(0, os.getcwd())  # where users keep a module of their own
    if settings.workers < 1:
        raise ValueError(f"A film needs at least one worker; got {settings.workers}.")
    plan = plan_of(settings)
    print(f"{plan.clips} clips; the whole film takes about {plan.bytes_needed / 1e9:.2f} GB.")
    started, frames = time.perf_counter(), 0
    with bar() as progress:
        missing = len(plan.missing())
        task = progress.add_task("frames", total=round(missing * plan.clip_s * CLOCK.frame_rate))

        def done(count: int) -> None:
            nonlocal frames
            frames += count
            rate = frames / (time.perf_counter() - started)
            progress.update(task, advance=count, description=f"{rate:.0f} frames a second")

        path = film(plan, workers=settings.workers, progress=done)
    rate = frames / (time.perf_counter() - started)
    write_statistics(path.parent)
    film_sheet(path.parent).save(path.parent / "sheet.png")
    print(f"Wrote {path.parent}: {frames} new frames at {rate:.1f} frames a second.")
    print("What it shows is in statistics.json and sheet.png.")


def plan_of(settings: DictConfig) -> Plan:
    """What the settings ask for; raises ValueError where it cannot be filmed."""
    from pathlib import Path

    from vasa.people.film import Plan

    return Plan(
        folder=Path(settings.output),
        avatars=Path(settings.avatars),
        people=settings.people,
        clips=_clips(settings),
        size=settings.size,
        seed=settings.seed,
        recordings=Path(settings.recordings) if settings.recordings else None,
        cache=Path(settings.cache) if settings.cache else None,
        shapes=Path(settings.shapes) if settings.shapes else None,
        paired=settings.paired is not None,
        sensor=settings.sensor,
        rooms=settings.rooms,
        voices=settings.voices,
        clip_s=settings.clip_seconds,
        split=settings.split,
        directed=settings.directed,
        fitted=Path(settings.fitted) if settings.fitted else None,
        fitted_share=settings.fitted_share,
    )


def settings_of(arguments: argparse.Namespace) -> DictConfig:
    """conf/people_film.yaml with overrides and flags; raises ValueError where one is missing, unknown or no number."""
    from omegaconf import OmegaConf

    from vasa.config import compose

    settings = compose("people_film", arguments.overrides)
    for name in settings:
        if getattr(arguments, str(name), None) is not None:
            settings[name] = getattr(arguments, str(name))
    if missing := sorted(OmegaConf.missing_keys(settings)):
        raise ValueError(f"A film needs {', '.join(missing)}, as in: vasa people film people=200 minutes=60 ...")
    for name, kinds in KINDS.items():
        if settings[name] is not None and not isinstance(settings[name], kinds):
            raise ValueError(f"The setting {name} is of another kind ({kinds[-1].__name__}); got {settings[name]!r}.")
    return settings


def _clips(settings: DictConfig) -> int:
    """How many clips were asked for; raises ValueError where it is none, or unclear."""
    from vasa.people.film import clips_for
    from vasa.people.paired import paired_clips

    given = [name for name in LENGTHS if settings[name] is not None]
    if len(given) != 1:
        raise ValueError(f"A film's length is said by one of {', '.join(LENGTHS)}; got {', '.join(given) or 'none'}.")
    length = settings[given[0]]
    if length <= 0:
        raise ValueError(f"A film's {given[0]} must be more than 0; got {length}.")
    if given == ["paired"]:
        return paired_clips(settings.people, length)
    if given == ["clips_per_person"]:
        return int(settings.people * length)
    return clips_for(length, clip_s=settings.clip_seconds)
