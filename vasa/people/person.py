"""A virtual person from a seed: whose body, which colours, which habits, which voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from vasa.people.appearance import Appearance, appearance
from vasa.people.behaviour import Style, style
from vasa.people.facekit import MODES
from vasa.people.voices import Split

TEST_EVERY = 16  # every sixteenth person is kept for measuring
HELD_OUT_EVERY = 7  # and so is every seventh avatar, shape and texture
_SHAPE_SPREAD = 0.8  # of FaceKit's: at 0.85 its heads differ as VALID's do

Crowd = Literal["all", "train", "test"]  # whom a film shows


@dataclass(frozen=True)
class Person:
    """Who is filmed; everything follows from `seed` and the folder of avatars."""

    number: int
    split: Split
    body: Path  # the avatar that gives body, hair and texture
    face: Path  # the avatar whose face shape is mixed in
    share: float  # of that face, 0 to 1
    donor: Path  # the avatar whose hair is lent
    looks: Appearance
    build: np.ndarray  # [2] stretch of the head along x and z
    shape: np.ndarray  # [MODES] of `vasa.people.facekit`, in standard deviations
    habits: Style


def avatar_files(folder: Path) -> tuple[Path, ...]:
    """The avatars in a folder, sorted by name; raises ValueError where there are too few to keep some apart."""
    files = tuple(sorted(folder.glob("*.glb")))
    if len(files) < 2:
        raise ValueError(f"{folder} holds {len(files)} avatars (*.glb); virtual people need at least 2.")
    return files


def avatars_of(files: Sequence[Path], split: Split) -> tuple[Path, ...]:
    """The avatars that people of a split may be made of; the splits share none."""
    offset = min(3, len(files) - 1)
    return tuple(f for i, f in enumerate(files) if (i % HELD_OUT_EVERY == offset) == (split == "test"))


def number_of(place: int, crowd: Crowd) -> int:
    """Which person stands at this place of a crowd: who is of one split has the same number among all."""
    if crowd == "all":
        return place
    return TEST_EVERY * place + TEST_EVERY - 1 if crowd == "test" else place + place // (TEST_EVERY - 1)


def person(number: int, files: Sequence[Path], *, seed: int) -> Person:
    """Person `number` of the crowd that `seed` and the avatars make."""
    rng, own = (np.random.default_rng((seed, stream, number)) for stream in (1, 7))
    split: Split = "test" if number % TEST_EVERY == TEST_EVERY - 1 else "train"
    mine = avatars_of(files, split)
    body = mine[rng.integers(len(mine))]
    same = [f for f in mine if sex(f) == sex(body) and f != body] or list(mine)
    return Person(
        number=number,
        split=split,
        body=body,
        face=same[rng.integers(len(same))],
        share=float(rng.choice([0.0, rng.uniform(0.2, 0.8)], p=[0.25, 0.75])),
        donor=mine[own.integers(len(mine))],
        looks=appearance(own, man=sex(body) == "M"),
        build=np.exp(rng.normal(0, [0.04, 0.03])),
        shape=_shape(np.random.default_rng((seed, 9, number))),
        habits=style(rng),
    )


def sex(path: Path) -> str:
    """VALID's files are named group_sex_number_outfit."""
    return "".join(path.stem.split("_")[1:2])


def _shape(rng: np.random.Generator) -> np.ndarray:
    return _SHAPE_SPREAD * np.clip(rng.normal(size=MODES), -2, 2)
