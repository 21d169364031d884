"""Films many clips of virtual people with all labels: parallel, resumable, the same from the same seed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import get_args

import numpy as np

from vasa.audio.augment import Augmentation
from vasa.clock import CLOCK
from vasa.data.clip import VERSION
from vasa.data.shards import append, beside, places_in, sweep
from vasa.face.arkit import ARKIT
from vasa.people.avatar import EXPRESSIONS, Avatar
from vasa.people.body import embody
from vasa.people.clip import Script, pack_clip, script, shoot
from vasa.people.crew import at_work
from vasa.people.facekit import load_shapes
from vasa.people.fitting.casting import fitted_files, fitted_person
from vasa.people.paired import grid_facts, paired_script
from vasa.people.person import Crowd, avatar_files, number_of
from vasa.people.regions import PARTS
from vasa.people.scene import Stage
from vasa.people.sensor import sensor
from vasa.people.speech_source import SpeechSource, open_source
from vasa.people.voices import check_programs

CLIP_S = 6.0  # on average
SHARD_CLIPS = 16


@dataclass(frozen=True)
class Plan:
    """What to film. Raises ValueError where somebody would be in no clip, clips are too short or the split unknown."""

    folder: Path
    avatars: Path
    people: int
    clips: int
    size: int
    seed: int
    recordings: Path | None = None
    cache: Path | None = None
    paired: bool = False  # see `vasa.people.paired`
    shapes: Path | None = None  # FaceKit's folder or .tar.xz; None leaves people the avatars' shapes of head
    sensor: bool = False  # pictures as cameras and files spoil them, see `vasa.people.sensor`
    rooms: bool = False  # sound as rooms and microphones change it, see `vasa.audio.augment`
    voices: str | None = None  # "module:function" of other voices, see `vasa.people.speech_source.open_source`
    fitted: Path | None = None  # folder of people made from portraits, see `vasa.people.fitting`
    fitted_share: float = 0.3  # of the people are those
    clip_s: float = CLIP_S  # mean length of a clip
    directed: float = 0.0  # share of the clips acted to direction, see `vasa.people.direction`
    split: Crowd = "all"  # whom to film; a person has the same number, and looks the same, in a film of all

    def __post_init__(self) -> None:
        if not 1 <= self.people <= self.clips:
            raise ValueError(
                f"{self.clips} clips cannot show {self.people} people, at least one clip each: "
                "ask for more minutes, for shorter clips, or for fewer people, but at least one."
            )
        if self.split not in get_args(Crowd):
            raise ValueError(f"The split to film is one of {', '.join(get_args(Crowd))}; got {self.split!r}.")
        if not 0 <= self.fitted_share <= 1:
            raise ValueError(f"The share of fitted people is from 0 to 1; got {self.fitted_share:g}.")
        if not 0 <= self.directed <= 1:
            raise ValueError(f"The share of directed clips is from 0 to 1; got {self.directed:g}.")
        if self.clip_s < 1:
            raise ValueError(f"A clip lasts at least 1 s; got {self.clip_s:g}.")
        if self.paired and (self.split != "all" or self.directed):
            raise ValueError("A paired film shows the test split in set motions; leave out split and directed.")

    @property
    def numbers(self) -> int:
        """How many numbers its people have: one more than the highest."""
        return 1 + number_of(self.people - 1, "test" if self.paired else self.split)

    @property
    def bytes_needed(self) -> int:
        """Disk space of the whole film."""
        return int(self.clips * self.clip_s * CLOCK.frame_rate * frame_bytes(self.size))

    def shard(self, number: int) -> Path:
        return self.folder / "shards" / f"{number:06d}.tar"

    def piece(self, index: int) -> Path:
        """Where clip `index` lies until all clips of its shard are filmed."""
        return self.folder / "shards" / f".{index // SHARD_CLIPS:06d}" / f"{index:06d}.tar"

    def missing(self) -> list[int]:
        """Clips that are not filmed yet."""
        shards = range(-(-self.clips // SHARD_CLIPS))
        return [i for n in shards for i in self.unbound(n) if not self.piece(i).exists()]

    def unbound(self, shard: int) -> list[int]:
        """Clips of a shard that are not in it yet."""
        held = places_in(self.shard(shard))
        first = shard * SHARD_CLIPS
        return [i for i in range(first, min(first + SHARD_CLIPS, self.clips)) if f"{i:06d}" not in held]

    def script(self, index: int, files: tuple[Path, ...], speech: SpeechSource) -> Script:
        """What happens in clip `index`."""
        if self.paired:
            made = paired_script(index, files, speech, people=self.people, seed=self.seed, clip_s=self.clip_s)
        else:
            made = script(
                index, files, speech, people=self.people, seed=self.seed, clip_s=self.clip_s, split=self.split,
                directed=self.directed,
            )  # fmt: skip
        if self.fitted is not None:
            someone = fitted_person(made.who, fitted_files(self.fitted), share=self.fitted_share, seed=self.seed)
            made = replace(made, who=someone)
        if self.sensor:
            made = replace(made, sensor=sensor(np.random.default_rng((self.seed, 6, index))))
        if self.rooms:
            samples = Augmentation()(made.said.samples, np.random.default_rng((self.seed, 10, index)))
            made = replace(made, said=replace(made.said, samples=samples))
        return made


def frame_bytes(size: int) -> float:
    """Bytes of a frame with everything that is known about it.

    Measured on a minute of film: 13.6 kB at 128 px and 30.2 kB at 256 px, 13.8 and 33.7 kB with sensors; this is about
    a fifth more, because people differ.
    """
    return 4500 + 8.5 * size**1.5


def clips_for(minutes: float, *, clip_s: float = CLIP_S) -> int:
    """How many clips last this long together."""
    return max(1, round(minutes * 60 / clip_s))


def film(plan: Plan, *, workers: int = 1, progress: Callable[[int], None] = lambda _frames: None) -> Path:
    """Film what is missing of the plan and return its film.json; `progress` hears the frames of each clip.

    Clips are kept one by one until a shard is whole, so that whoever goes on after a stop loses only clips half filmed.
    Raises ValueError where the folder holds another film, or the disk is too small or fills up, and FileNotFoundError
    where the programs that speak are missing.
    """
    avatar_files(plan.avatars)
    open_source(plan.recordings, plan.voices)
    if plan.voices is None and plan.missing():
        check_programs()
    if plan.fitted is not None:
        fitted_files(plan.fitted)
    if plan.shapes is not None:
        load_shapes(plan.shapes, cache=plan.cache)  # once, before many processes want it
    _claim(plan)
    for number in range(-(-plan.clips // SHARD_CLIPS)):
        _bind(plan, number)
    with at_work(_work, plan, _shares(plan, workers)) as reports:
        for index, frames in reports:
            progress(frames)
            _bind(plan, index // SHARD_CLIPS)
    return plan.folder / "film.json"


def _shares(plan: Plan, workers: int) -> list[list[int]]:
    """The clips that each worker films: all of a person one after another, because making a person takes a second."""
    missing = sorted(plan.missing(), key=lambda index: (index % plan.people, index))
    people = sorted({index % plan.people for index in missing})
    return [[i for i in missing if i % plan.people in set(people[w::workers])] for w in range(workers)]


def _claim(plan: Plan) -> None:
    """Check that the folder is free or holds the same film, and that the disk is large enough."""
    (plan.folder / "shards").mkdir(parents=True, exist_ok=True)
    sweep(plan.folder)
    path = plan.folder / "film.json"
    if path.exists():
        there = json.loads(path.read_text())
        differing = [name for name, value in _kind(plan).items() if there.get(name) != value]
        if differing:
            held = ", ".join(f"{name} {there.get(name)}" for name in ("version", "seed", "size", "people"))
            raise ValueError(
                f"{plan.folder} holds another film ({held}); it differs in {', '.join(differing)}: name another folder."
            )
    needed = plan.bytes_needed * len(plan.missing()) // plan.clips
    free = shutil.disk_usage(plan.folder).free
    if needed > free:
        raise ValueError(
            f"The film needs {needed / 1e9:.1f} GB, {plan.folder} has {free / 1e9:.1f} GB; "
            "ask for fewer minutes or a smaller size."
        )
    with beside(path) as file:
        file.write(json.dumps(_kind(plan) | _facts(plan)).encode())


def _kind(plan: Plan) -> dict[str, object]:
    """What film.json must hold for the same film to go on."""
    return {
        "version": VERSION,
        "size": plan.size,
        "seed": plan.seed,
        "people": plan.people,
        "paired": grid_facts() if plan.paired else None,
        "sensor": plan.sensor,
        "rooms": plan.rooms,
        "voices": plan.voices,
        "shapes": plan.shapes is not None,
        "fitted": plan.fitted and {"names": [p.stem for p in fitted_files(plan.fitted)], "share": plan.fitted_share},
        "clip_seconds": plan.clip_s,
        "split": plan.split,
        "directed": plan.directed or None,  # films from before there was direction say nothing of it
    }


def _facts(plan: Plan) -> dict[str, object]:
    """What film.json says besides."""
    return {
        "clips": plan.clips,
        "numbers": plan.numbers,
        "fps": CLOCK.frame_rate,
        "expression_names": EXPRESSIONS,
        "arkit_names": ARKIT,
        "part_names": PARTS,
    }


def _bind(plan: Plan, shard: int) -> None:
    """Put the pieces of a shard into it, if all are there."""
    pieces = [plan.piece(i) for i in plan.unbound(shard)]
    if not all(piece.exists() for piece in pieces):
        return
    if pieces:
        append(plan.shard(shard), (piece.read_bytes() for piece in pieces))
    shutil.rmtree(plan.piece(shard * SHARD_CLIPS).parent, ignore_errors=True)


def _work(plan: Plan, indices: list[int], report: Callable[[tuple[int, int]], None]) -> None:
    """Film some clips, in a process of its own."""
    files, speech = avatar_files(plan.avatars), open_source(plan.recordings, plan.voices)
    with Stage(size=plan.size) as stage:
        for _, clips in groupby(indices, key=lambda index: index % plan.people):
            avatar: Avatar | None = None
            for index in clips:
                made = plan.script(index, files, speech)
                avatar = avatar or embody(made.who, cache=plan.cache, shapes=plan.shapes)
                filmed, tracks = shoot(stage, avatar, made)
                with beside(plan.piece(index)) as file:
                    file.write(pack_clip(index, made, filmed, tracks))
                report((index, len(filmed.frames)))
