"""Measures a face reader: on a film's held-out people, where the truth is known, and on pictures, where it is seen."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor
from torch.utils.data import default_collate

from vasa.data.reading import FilmFaces, known
from vasa.evaluate.probe import Probe
from vasa.face.augment import framed
from vasa.face.labels import FaceLabels
from vasa.face.reader_detector import ReaderDetector
from vasa.face.reading import FaceReading
from vasa.face.scores import scores
from vasa.media.picture import load_picture

SHEET_PX, COLUMNS = 192, 8
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


@dataclass(frozen=True)
class ReadFilm:
    """What a reader saw in N frames of a film: pictures [N, 3, S, S], the clip [N] of each, what is true of them."""

    picture: Tensor
    clip: Tensor
    read: FaceReading
    truth: FaceLabels


@dataclass(frozen=True)
class Seen:
    """A picture's face, cut out [3, S, S], and its landmarks [68, 2]; None where none was found."""

    name: str
    face: Tensor | None
    landmarks: Tensor | None
    face_px: float


def read_film(probe: Probe, folder: Path | str, *, frames: int) -> ReadFilm:
    """Read so many frames of every held-out clip, evenly spaced; raises ValueError where there is none."""
    faces = FilmFaces(str(folder), split="test")
    parts = [_read(probe, faces, rows) for rows in _even(faces, frames)]
    return ReadFilm(
        torch.cat([part.picture for part in parts]), torch.cat([part.clip for part in parts]),
        FaceReading.cat([part.read for part in parts]), FaceLabels.cat([part.truth for part in parts]),
    )  # fmt: skip


def numbers(film: ReadFilm) -> dict[str, float]:
    """Landmarks, pose, gaze, blinks, lips and emotion as `vasa.face.scores` has them, and who is who from other clips.

    emotion_accuracy counts frames whose emotion is shown: a weight of 0.5 or more. What cannot be measured is left out.
    """
    found = {name: value.item() for name, value in scores(film.read, film.truth).items()}
    top, people = other_clip(film.read.identity, film.truth.person, film.clip)
    return found | {"identity_top1": top, "people": float(people), "frames": float(len(film.clip))}


def other_clip(identity: Tensor, person: Tensor, clip: Tensor) -> tuple[float, int]:
    """Share of clips whose nearest person is their own, and how many people there are to choose from.

    identity [N, I], person [N], clip [N]. Everybody's first clip is the gallery, all others ask; a clip is the mean of
    its frames' embeddings. NaN where nobody has a second clip.
    """
    clips = clip.unique()
    codes = F.normalize(torch.stack([identity[clip == one].mean(0) for one in clips]), dim=-1)
    whose = torch.stack([person[clip == one][0] for one in clips])
    first = torch.tensor([bool((whose[:row] != whose[row]).all()) for row in range(len(whose))])
    nearest = whose[first][(codes[~first] @ codes[first].mT).argmax(-1)] if (~first).any() else whose[:0]
    return (nearest == whose[~first]).double().mean().item(), int(first.sum())


def look_at(detector: ReaderDetector, folder: Path | str) -> Iterator[Seen]:
    """The face in every picture of a folder and below it; raises ValueError where there is no picture."""
    files = sorted(file for file in Path(folder).rglob("*") if file.suffix.lower() in PICTURES)
    if not files:
        raise ValueError(f"{folder} holds neither a film nor pictures ({', '.join(PICTURES)}).")
    yield from (_seen(detector, file) for file in files)


def film_sheet(film: ReadFilm, *, most: int = 64) -> Tensor:
    """Frames of the film with what was read off them: [3, H, W]."""
    chosen = torch.linspace(0, len(film.picture) - 1, min(most, len(film.picture))).round().long()
    return sheet([dotted(_large(film.picture[row]), film.read.landmarks[row]) for row in chosen])


def picture_sheet(seen: Sequence[Seen]) -> Tensor:
    """All pictures' faces with their landmarks, grey where there is none: [3, H, W]."""
    empty = torch.full((3, SHEET_PX, SHEET_PX), 0.5)
    return sheet([
        empty if one.face is None or one.landmarks is None else dotted(_large(one.face), one.landmarks) for one in seen
    ])  # fmt: skip


def sheet(pictures: Sequence[Tensor]) -> Tensor:
    """Pictures [3, S, S] in rows of eight: [3, H, W]."""
    missing = -len(pictures) % COLUMNS
    whole = torch.stack([*pictures, *[torch.ones_like(pictures[0])] * missing])
    return rearrange(whole, "(r c) three h w -> three (r h) (c w)", c=COLUMNS)


def dotted(picture: Tensor, landmarks: Tensor) -> Tensor:
    """A picture [3, S, S] with a green dot at every landmark [68, 2] in crop units."""
    size = picture.shape[-1]
    axis = (torch.arange(size) + 0.5) * 2 / size - 1
    x, y = ((axis - places[:, None]).abs() < 2.2 / size for places in landmarks.unbind(-1))
    dots = (rearrange(y, "k h -> k h 1") & rearrange(x, "k w -> k 1 w")).any(0)
    return torch.where(dots, torch.tensor([0.1, 1.0, 0.2])[:, None, None], picture)


def as_row(seen: Sequence[Seen]) -> Mapping[str, float]:
    """How many pictures there are, and in which share a face was found."""
    found = sum(one.face is not None for one in seen)
    return {"pictures": float(len(seen)), "found": float(found), "found_share": found / len(seen)}


def _even(faces: FilmFaces, frames: int) -> Iterator[list[int]]:
    ends = [*faces.starts.tolist(), faces.count]
    for first, end in pairwise(ends):
        yield torch.linspace(first, end - 1, min(frames, end - first)).round().long().tolist()


def _read(probe: Probe, faces: FilmFaces, rows: Sequence[int]) -> ReadFilm:
    batch = default_collate([faces.frame(row) for row in rows])
    picture = batch["frame"].float() / 255
    small = framed(picture, probe.sharp_size)
    return ReadFilm(small, batch["clip"], probe.read(small), known(batch))


def _seen(detector: ReaderDetector, file: Path) -> Seen:
    picture = load_picture(file)
    try:
        with warnings.catch_warnings(action="ignore"):
            crop = detector(picture)
    except ValueError:
        return Seen(file.name, None, None, 0.0)
    points = detector.read(picture, [crop]).landmarks[0]
    return Seen(file.name, crop.crop(picture, SHEET_PX), points, crop.size_px)


def _large(picture: Tensor) -> Tensor:
    return F.interpolate(picture[None], (SHEET_PX, SHEET_PX), mode="bilinear", antialias=True)[0]
