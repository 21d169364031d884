"""Paired films as measuring sees them: who and what vary one at a time (see `vasa.people.paired`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vasa.data.clip import Clip, clips_in, facts_of


@dataclass(frozen=True)
class PairedFilm:
    """Clips of P people, who stand in one order everywhere: `grids[p]`, and `motions[m][p]`, motion m acted by each.

    angles: [A, 3] yaw, pitch, roll in radians; faces: F names. Frame n of a grid shows angle n // F and face n % F.
    """

    grids: tuple[Clip, ...]
    motions: tuple[tuple[Clip, ...], ...]
    angles: Tensor
    faces: tuple[str, ...]

    @property
    def people(self) -> int:
        return len(self.grids)

    @property
    def portrait(self) -> int:
        """The frame of a grid that is the likest to a portrait: the first face, seen from the front."""
        return int(self.angles.abs().sum(-1).argmin()) * len(self.faces)

    def first(self, people: int) -> PairedFilm:
        """The film of so many of its people; raises ValueError where that leaves fewer than two."""
        if people < 2:
            raise ValueError(f"What is kept apart is seen between people: measure at least 2; got {people}.")
        return replace(self, grids=self.grids[:people], motions=tuple(row[:people] for row in self.motions))


def paired_film(folder: Path | str) -> PairedFilm:
    """A film of `vasa people film --paired`; raises ValueError where it is another, or not whole."""
    facts, clips = facts_of(Path(folder)), clips_in(Path(folder))
    if not facts.get("paired"):
        raise ValueError(
            f"The film in {folder} is not paired; film the same people doing the same, grids among it: "
            "vasa people film --paired MOTIONS."
        )
    people, table = int(facts["people"]), {_place(clip): clip for clip in clips}
    motions = sorted({motion for motion, _ in table if motion is not None})
    numbers = sorted({person for _, person in table})
    wanted = [(motion, person) for motion in (None, *motions) for person in numbers]
    if len(numbers) != people or not motions or any(place not in table for place in wanted):
        raise ValueError(f"The film in {folder} is not whole; the command that began it goes on with it.")
    grid: dict[str, Any] = facts["paired"]
    return PairedFilm(
        grids=tuple(table[None, person] for person in numbers),
        motions=tuple(tuple(table[motion, person] for person in numbers) for motion in motions),
        angles=torch.tensor(grid["angles"]),
        faces=tuple(grid["faces"]),
    ).first(people)


def _place(clip: Clip) -> tuple[int | None, int]:
    return clip.facts["motion"], clip.facts["person"]
