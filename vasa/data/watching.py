"""Films made of videos of people: faces cut out, and read in place of labels that somebody knows.

What comes out is a film like any other (`vasa.data.clip`) without the maps that only virtual people have: `vasa
extract` takes it, and so do the judges of agreement. VASA-1 (3.2) labels its videos so, with public readers.
"""

from __future__ import annotations

import re
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor

from vasa.clock import CLOCK
from vasa.data.clip import packed
from vasa.data.shards import append
from vasa.face.crop import Crop
from vasa.face.detector import Detector, UnclearFace, UnsureFace
from vasa.face.reader import FaceReader
from vasa.face.reading import FaceReading
from vasa.media.sound import has_sound, load_sound
from vasa.media.video import VideoReader
from vasa.motion.edits import eyes_in_head

SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg")
SHORTEST_S = 2.0  # a window of the motion generator's
SURE = 0.5  # probability of a face from which on a frame shows one
ROOM = (0.35, 0.35, 0.35)  # how far a head may be from the middle of its crop, and from its log size
_LOOK_AGAIN = CLOCK.frame_rate // 2  # frames between two searches while nobody is seen


class DamagedVideo(UserWarning):
    """Something of a video could not be read."""


@dataclass
class Run:
    """A stretch of a video that shows one face, cut with one crop throughout, as by a camera that keeps still.

    first: its number of frame. faces: [3, S, S] uint8 each; readings: of one face each.
    """

    first: int
    crop: Crop
    faces: list[Tensor] = field(default_factory=list)
    readings: list[FaceReading] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.faces)

    def add(self, face: Tensor, reading: FaceReading) -> None:
        """One more frame: a face [3, S, S] in [0, 1] and what is read off it."""
        self.faces.append((face * 255).round().to(torch.uint8))
        self.readings.append(reading)


class Watcher:
    """Finds stretches of videos in which one face is plainly seen.

    detector: finds faces, and warns where it is unsure: such faces are left out. size: pixels a side of the faces that
    are cut out; smaller ones than half of that are left out. longest: frames of a stretch at most.
    """

    def __init__(self, detector: Detector, reader: FaceReader, *, size: int, longest: int) -> None:
        self.detector, self.reader, self.size, self.longest = detector, reader, size, longest
        self.shortest = CLOCK.frames_in(SHORTEST_S)

    def runs(self, frames: Iterable[Tensor]) -> Iterator[Run]:
        """Every stretch that is long enough in frames [3, H, W]; as much as one of them is held at a time."""
        run: Run | None = None
        search = 0
        for number, frame in enumerate(frames):
            if run is not None and (len(run) == self.longest or not self._goes_on(run, frame)):
                yield from [run] if len(run) >= self.shortest else []
                run, search = None, number
            if run is None and number >= search:
                run, search = self._begun(number, frame), number + _LOOK_AGAIN
        yield from [run] if run is not None and len(run) >= self.shortest else []

    def _begun(self, number: int, frame: Tensor) -> Run | None:
        crop = self._found(frame)
        run = None if crop is None or 2 * crop.size_px < self.size else Run(number, crop)
        return run if run is not None and self._goes_on(run, frame) else None

    def _found(self, frame: Tensor) -> Crop | None:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UnsureFace)
            warnings.simplefilter("error", UnclearFace)
            try:
                return self.detector(frame)
            except (ValueError, UnsureFace, UnclearFace):
                return None

    @torch.inference_mode()
    def _goes_on(self, run: Run, frame: Tensor) -> bool:
        """Whether a run's face is still there and in its crop; then the frame is taken."""
        face = run.crop.crop(frame, self.size)
        reading = self.reader(face[None].to(next(self.reader.parameters()).device))
        away = (reading.pose[0, 3:].cpu().abs() / torch.tensor(ROOM)).max()
        there = float(reading.face[0]) >= SURE and float(away) <= 1
        if there:
            run.add(face, FaceReading(**{name: value.cpu() for name, value in vars(reading).items()}))
        return there


def labels_of(reading: FaceReading) -> dict[str, Tensor]:
    """What a film says of its frames, as far as a reader sees it: each [T, ...], see `docs/people.md`."""
    return {
        "pose": reading.pose, "gaze": reading.gaze, "eyes": eyes_in_head(reading.pose, reading.gaze),
        "blink": reading.blink, "arkit": reading.arkit, "lip_opening": reading.lip_opening, "emotion": reading.emotion,
        "distance": (-reading.pose[:, 5:]).exp(), "landmarks": reading.landmarks,
    }  # fmt: skip


@dataclass(frozen=True)
class Video:
    """A video file, the name of its clips, who is in it, and the split that person belongs to."""

    path: Path
    name: str
    person: str
    split: str

    def shard(self, film: Path) -> Path:
        """Where its clips go."""
        return film / "shards" / f"{self.name}.tar"


def videos_in(places: Sequence[Path], *, held_out: float) -> list[Video]:
    """The videos that are named, and those in folders, one folder a person where there are several.

    held_out: share of people for the split `test`, chosen by name. Raises ValueError where there is no video, or two
    have one name.
    """
    found = [video for place in places for video in _below(place, held_out)]
    if not found:
        raise ValueError(f"There is no video ({', '.join(SUFFIXES)}) in {', '.join(map(str, places))}.")
    names = [video.name for video in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"Clips are named by their video; these names stand for several: {', '.join(sorted(twice))}.")
    return found


def _below(place: Path, held_out: float) -> Iterator[Video]:
    files = [place] if place.is_file() else sorted(f for f in place.rglob("*") if f.suffix.lower() in SUFFIXES)
    for file in files:
        inside = Path(file.name) if file == place else file.relative_to(place)
        person = inside.parts[0] if len(inside.parts) > 1 else inside.stem
        test = zlib.crc32(person.encode()) < held_out * 2**32
        yield Video(file, re.sub(r"\W+", "_", str(inside.with_suffix(""))), person, "test" if test else "train")


def watch(video: Video, watcher: Watcher, film: Path) -> int:
    """Add a video's clips to a film, all of them or none, and return how many there are; 0 where it has no sound.

    Warns of a damaged video (`DamagedVideo`), of which the clips before the damage are taken.
    """
    sound = _heard(video)
    runs = watcher.runs(_seen(video)) if len(sound) else iter(())
    count = 0

    def pieces() -> Iterator[bytes]:
        nonlocal count
        for run in runs:
            yield _packed(video, count, run, sound)
            count += 1

    append(video.shard(film), pieces())
    return count


def _heard(video: Video) -> Tensor:
    """All of its sound [S]; none where there is none, or it is damaged."""
    try:
        return load_sound(video.path) if has_sound(video.path) else torch.zeros(0)
    except ValueError as error:
        warnings.warn(str(error), DamagedVideo, stacklevel=2)
        return torch.zeros(0)


def _seen(video: Video) -> Iterator[Tensor]:
    """Its frames [3, H, W], up to where they are damaged."""
    try:
        yield from VideoReader(video.path)
    except ValueError as error:
        warnings.warn(str(error), DamagedVideo, stacklevel=2)


def _packed(video: Video, number: int, run: Run, sound: Tensor) -> bytes:
    first, last = (CLOCK.samples(frame) for frame in (run.first, run.first + len(run)))
    samples = torch.nn.functional.pad(sound[first:last], (0, max(0, last - len(sound))))[: last - first]
    facts = {"person": video.person, "voice": video.person, "text": "", "split": video.split, "kind": "watched",
             "wide": False, "directed": False, "first_frame": run.first}  # fmt: skip
    return packed(
        f"{video.name}-{number:04d}",
        facts=facts,
        labels={name: value.numpy() for name, value in labels_of(FaceReading.cat(run.readings)).items()},
        samples=samples.numpy(),
        frames=rearrange(torch.stack(run.faces), "t c h w -> t h w c").numpy(),
    )
