"""Adds labels that are missing to a film that exists: its clips follow from its seed, so nothing is filmed again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

import numpy as np

from vasa.data.clip import LABELS, Clip, facts_of
from vasa.data.coding import label_bytes
from vasa.data.shards import revise, samples_in
from vasa.people.body import embody
from vasa.people.clip import labels, points, posed
from vasa.people.film import Plan
from vasa.people.person import avatar_files
from vasa.people.speech_source import SpeechSource, open_source

_LATER = {"landmarks", "landmarks_seen", "arkit"}  # labels that films of older versions of vasa lack
_SAME = 1e-4  # how far a label may lie from the one in the clip; another machine rounds otherwise


def plan_of(
    folder: Path,
    *,
    avatars: Path,
    recordings: Path | None,
    cache: Path | None,
    shapes: Path | None = None,
    fitted: Path | None = None,
) -> Plan:
    """The plan of a film that exists; raises ValueError where the folder holds none."""
    facts = facts_of(folder)
    if bool(facts.get("shapes")) != (shapes is not None):
        remedy = "name FaceKit with --shapes" if shapes is None else "leave --shapes out"
        raise ValueError(f"{folder} was filmed {'with' if shapes is None else 'without'} FaceKit's shapes; {remedy}.")
    there = facts.get("fitted")
    if (there is None) != (fitted is None):
        remedy = "name their folder with --fitted" if there else "leave --fitted out"
        raise ValueError(f"{folder} was filmed {'with' if there else 'without'} people made from portraits; {remedy}.")
    return Plan(
        folder=folder,
        avatars=avatars,
        people=facts["people"],
        clips=facts["clips"],
        size=facts["size"],
        seed=facts["seed"],
        recordings=recordings,
        cache=cache,
        shapes=shapes,
        fitted=fitted,
        fitted_share=there["share"] if there else 0.0,
        paired=bool(facts["paired"]),
        sensor=facts["sensor"],
        rooms=facts["rooms"],
        voices=facts["voices"],
        clip_s=facts["clip_seconds"],
        split=facts["split"],
        directed=facts.get("directed") or 0.0,
    )


def relabel_film(plan: Plan, *, workers: int = 1, progress: Callable[[int], None] = lambda _clips: None) -> int:
    """Give every clip of a film all labels of today and return how many clips lacked some.

    `progress` hears how many clips each shard has. Raises ValueError where the clips are not what the plan makes.
    """
    shards = sorted((plan.folder / "shards").glob("*.tar"))
    if workers == 1:
        return sum(_heard(found, progress) for found in map(partial(relabel, plan), shards))
    with ProcessPoolExecutor(workers) as pool:
        return sum(_heard(found, progress) for found in pool.map(partial(relabel, plan), shards))


def _heard(found: tuple[int, int], progress: Callable[[int], None]) -> int:
    progress(found[1])
    return found[0]


def relabel(plan: Plan, shard: Path) -> tuple[int, int]:
    """Add the labels that clips of a shard lack; returns how many lacked any, and of how many. Others stay as they are.

    Raises ValueError where avatars, recordings or voices are not those that the clips were filmed with.
    """
    clips = [Clip(sample) for sample in samples_in(shard)]
    lacking = [clip for clip in clips if not set(clip.labels) >= _LATER]
    if lacking:
        revise(shard, {f"{clip.name}.{LABELS}": label_bytes(_all_labels(plan, clip)) for clip in lacking})
    return len(lacking), len(clips)


def _all_labels(plan: Plan, clip: Clip) -> dict[str, np.ndarray]:
    there = {name: values.numpy() for name, values in clip.labels.items()}
    made = plan.script(int(clip.name), *_sources(plan.avatars, plan.recordings, plan.voices))
    avatar = embody(made.who, cache=plan.cache, shapes=plan.shapes)
    placement = posed(avatar, made)
    again = labels(avatar, made, placement)
    _compare(clip, there, again)
    return again | points(avatar, made, placement, clip.place(slice(None)).numpy()) | there


@cache
def _sources(avatars: Path, recordings: Path | None, voices: str | None) -> tuple[tuple[Path, ...], SpeechSource]:
    return avatar_files(avatars), open_source(recordings, voices)


def _compare(clip: Clip, there: dict[str, np.ndarray], again: dict[str, np.ndarray]) -> None:
    for name, values in again.items():
        if name in there and (there[name].shape != values.shape or np.abs(there[name] - values).max() > _SAME):
            raise ValueError(
                f"Clip {clip.name} of {clip.sample.shard} holds another {name} than its seed makes now; "
                "name the avatars and recordings that the film was made with."
            )
