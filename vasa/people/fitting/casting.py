"""People made from portraits take some of the parts in a film."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vasa.people.person import Person, avatars_of

_ANOTHER = re.compile(r"-\d+$")  # ada.png, ada-2.png and ada-3.jpg show one person


def fitted_files(folder: Path) -> tuple[Path, ...]:
    """The fitted people in a folder, sorted by name; raises ValueError where there are too few to keep some apart."""
    files = tuple(sorted(path for path in folder.glob("*.npz") if not path.name.startswith(".")))  # half written
    if (count := len(shown_people(files))) < 2:
        raise ValueError(f"{folder} holds {count} fitted people (*.npz); make at least 2 with vasa people fit.")
    return files


def shown_people(files: Sequence[Path]) -> tuple[Path, ...]:
    """Who is shown: a number after the last hyphen of a file's name counts the pictures of one person."""
    return tuple(sorted({file.with_name(_ANOTHER.sub("", file.stem)) for file in files}))


def fitted_person(who: Person, files: Sequence[Path], *, share: float, seed: int) -> Person:
    """`who`, or with probability `share` somebody fitted of the same split, with the habits and glasses of `who`.

    Who is held out for tests follows the rule of avatars (`vasa.people.person.avatars_of`), with all their pictures.
    """
    rng = np.random.default_rng((seed, 11, who.number))
    if rng.random() >= share:
        return who
    somebody = set(avatars_of(shown_people(files), who.split))
    mine = [file for file in files if shown_people([file])[0] in somebody]
    return replace(who, body=mine[rng.integers(len(mine))])
