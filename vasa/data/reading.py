"""Single frames of a film, as the face reader's training sees them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vasa.data.clip import facts_of
from vasa.data.film import CELL, Clip, brought_to, clips_of, named, rarity, shrunk
from vasa.face.labels import FaceLabels

# Names of some of a film's people, by the rest of their number over 4: a reader and its probe take what shares nobody.
PEOPLE = {"all": (0, 1, 2, 3), "even": (0, 2), "odd": (1, 3), "quarter": (3,), "rest": (0, 1, 2)}
KEPT = ("seen", "pose", "gaze", "blink", "lip_opening", "arkit", "emotion")


class FilmFaces(Dataset[dict[str, Tensor]]):
    """Sample n: one frame of a film with its labels, chosen by (seed, n) alone.

    It has no end: a run is measured in steps, and a resumed one goes on at its own n. Rare frames are drawn more often,
    see `vasa.data.film.rarity`. Samples 2n and 2n + 1 show one person, in two clips where there are two: only so can it
    be learned what of a picture is the person, and what the light and the place.

    folder: a film, or several, nobody of whom is in two. people: a name of PEOPLE, by the numbers of each film. size:
    pixels a side that frames are brought to, None where they have one size.
    Raises ValueError where a folder holds no film, or one whose clips have no landmarks or coefficients.
    """

    def __init__(
        self, folder: str | Sequence[str], *, split: str, people: str = "all", size: int | None = None, seed: int = 0
    ) -> None:
        films = named(folder)
        self.people, self.size, self.seed = sum(map(people_of, films)), size, seed
        found = list(_clips(films, split, people))
        if not found:
            raise ValueError(f"The film in {folder} has no {split!r} clip of {people} people; film more of them.")
        self.clips, self.persons = [clip for clip, _ in found], [person for _, person in found]
        self.of_person: dict[int, list[int]] = defaultdict(list)
        for number, person in enumerate(self.persons):
            self.of_person[person].append(number)
        ends = np.cumsum([len(clip) for clip in self.clips])
        self.starts, self.count = ends - [len(clip) for clip in self.clips], int(ends[-1])
        self.chances = torch.cat([rarity(clip.labels) for clip in self.clips]).double().cumsum(0).numpy()

    def __len__(self) -> int:
        return 1 << 40

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        pair, second = divmod(number, 2)
        random = np.random.default_rng([self.seed, pair])
        index = self._drawn(random, 0, self.count)
        return self.frame(self._again(random, index) if second else index)

    def _again(self, random: np.random.Generator, index: int) -> int:
        """A frame of the same person, of another clip if there is one."""
        this = self._clip(index)
        ours = self.of_person[self.persons[this]]
        other = int(random.choice([number for number in ours if number != this] or ours))
        first = int(self.starts[other])
        return self._drawn(random, first, first + len(self.clips[other]))

    def _drawn(self, random: np.random.Generator, first: int, end: int) -> int:
        """One of the frames [first, end) of all clips in a row."""
        low, high = (float(self.chances[edge - 1]) if edge else 0.0 for edge in (first, end))
        drawn = np.searchsorted(self.chances, low + random.random() * (high - low), side="right")
        return min(int(drawn), end - 1)

    def _clip(self, index: int) -> int:
        return int(np.searchsorted(self.starts, index, side="right")) - 1

    def frame(self, index: int) -> dict[str, Tensor]:
        """Frame `index` of all clips in a row: picture, place-map part, labels, and the clip's number."""
        which = self._clip(index)
        clip, row = self.clips[which], index - int(self.starts[which])
        rows = np.array([row])
        labels = {name: clip.labels[_stored(name)][row] for name in KEPT}
        frame = brought_to(self.size, clip.frames(rows))
        cells = (frame.shape[-1] // CELL, frame.shape[-1] // CELL)
        return labels | {
            "landmarks": clip.labels["landmarks"][row, :, :2],
            "frame": frame[0],
            "part": shrunk(clip.place(rows), cells)[0, 4],
            "person": torch.tensor(self.persons[which]),
            "acted": torch.tensor(clip.facts.get("kind") != "expression"),
            "clip": torch.tensor(which),
        }


class EvenFrames(Dataset[dict[str, Tensor]]):
    """So many frames of a film, evenly spaced over all its clips."""

    def __init__(self, faces: FilmFaces, count: int) -> None:
        self.faces = faces
        self.chosen = np.linspace(0, faces.count - 1, min(count, faces.count)).round().astype(int)

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        return self.faces.frame(int(self.chosen[number]))


def known(batch: dict[str, Tensor]) -> FaceLabels:
    """The labels of a batch; every row shows a face."""
    rest = {name: batch[name] for name in (*KEPT, "landmarks", "acted", "person")}
    return FaceLabels(face=torch.ones_like(batch["acted"]), **rest)


def labelled_clips(folder: str, split: str) -> list[Clip]:
    """Clips that have landmarks and ARKit's coefficients; those that were not labelled yet are left out.

    Raises ValueError where none has.
    """
    clips = clips_of(folder, split)
    labelled = [clip for clip in clips if {"landmarks", "arkit"} <= clip.labels.keys()]
    if clips and not labelled:
        raise ValueError(
            f"The clips in {folder} have no landmarks or coefficients; run `vasa people label` on it, or film again."
        )
    return labelled


def _clips(films: Sequence[str], split: str, people: str) -> Iterator[tuple[Clip, int]]:
    """Each clip with its person's number, which goes on from film to film."""
    before = 0
    for film in films:
        own = [clip for clip in labelled_clips(film, split) if _belongs(clip.facts["person"], people)]
        yield from ((clip, before + clip.facts["person"]) for clip in own)
        before += people_of(film)


def people_of(folder: str) -> int:
    """How many numbers the people of a film have, of both splits."""
    return int(facts_of(Path(folder))["numbers"])


def _stored(name: str) -> str:
    return "landmarks_seen" if name == "seen" else name


def _belongs(person: int, people: str) -> bool:
    if people not in PEOPLE:
        raise ValueError(f"data.people is one of {', '.join(PEOPLE)}; got {people!r}.")
    return person % 4 in PEOPLE[people]
