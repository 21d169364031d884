"""Adds labels that are missing to a film that exists: its clips follow from its seed, so nothing is filmed again."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

import numpy as np

from vasa.people.clip import labels, points, posed
from vasa.people.film import Plan
from vasa.people.mixing import embody
from vasa.people.person import avatar_files
from vasa.people.speech_source import SpeechSource, open_source

_SAME = 1e-4  # how far a label may lie from the one in the clip; another machine rounds otherwise


def plan_of(folder: Path, *, avatars: Path, recordings: Path | None, cache: Path | None) -> Plan:
    """The plan of a film that exists; raises ValueError where the folder holds none."""
    index = folder / "film.json"
    if not index.is_file():
        raise ValueError(f"{folder} holds no film: there is no film.json.")
    facts = json.loads(index.read_text())
    return Plan(
        folder=folder,
        avatars=avatars,
        people=facts["people"],
        clips=1 + max((int(name) for name in facts["clips"]), default=-1),
        size=facts["size"],
        seed=facts["seed"],
        recordings=recordings,
        cache=cache,
        paired=bool(facts.get("paired")),
    )


def relabel_film(plan: Plan, *, workers: int = 1, progress: Callable[[bool], None] = lambda _new: None) -> int:
    """Give every clip of a film all labels of today and return how many clips lacked some.

    `progress` hears of each clip whether it lacked any. Raises ValueError where the clips are not what the plan makes.
    """
    indices = [index for index in range(plan.clips) if plan.clip(index).exists()]
    if workers == 1:
        done = map(partial(relabel, plan), indices)
        return sum(_heard(new, progress) for new in done)
    with ProcessPoolExecutor(workers) as pool:
        return sum(_heard(new, progress) for new in pool.map(partial(relabel, plan), indices, chunksize=4))


def _heard(new: bool, progress: Callable[[bool], None]) -> bool:
    progress(new)
    return new


def relabel(plan: Plan, index: int) -> bool:
    """Add the labels that clip `index` lacks; says whether it lacked any. What is there stays as it is.

    Raises ValueError where avatars, recordings or voices are not those that the clip was filmed with.
    """
    path = plan.clip(index) / "labels.npz"
    with np.load(path) as kept:
        there = {name: kept[name] for name in kept.files}
    if {"landmarks", "landmarks_seen"} <= set(there):
        return False
    made = plan.script(index, *_sources(plan.avatars, plan.recordings))
    avatar = embody(made.who, cache=plan.cache)
    placement = posed(avatar, made)
    _compare(path, there, labels(avatar, made, placement))
    found = points(avatar, made, placement, np.load(plan.clip(index) / "place.npy", mmap_mode="r"))
    beside = path.with_name(".labels.npz")
    np.savez(beside, allow_pickle=False, **found | there)
    beside.replace(path)
    return True


@cache
def _sources(avatars: Path, recordings: Path | None) -> tuple[tuple[Path, ...], SpeechSource]:
    return avatar_files(avatars), open_source(recordings)


def _compare(path: Path, there: dict[str, np.ndarray], again: dict[str, np.ndarray]) -> None:
    for name, values in again.items():
        if there[name].shape != values.shape or np.abs(there[name] - values).max() > _SAME:
            raise ValueError(
                f"{path} holds another {name} than its seed makes now; "
                "name the avatars and recordings that the film was made with."
            )
