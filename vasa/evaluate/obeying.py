"""Obedience: what is asked of a generator is read back off the frames that a renderer makes of its motion."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from vasa.data.gaze import main_gaze
from vasa.evaluate.asking import CONTROLS, DISTANCE, EMOTION, GAZE, NOTHING, Ask, grid, moves
from vasa.evaluate.cast import Cast, shown, voice_of
from vasa.evaluate.effects import Effects, effects
from vasa.evaluate.quantities import SURE, distance, quantities
from vasa.face.reading import FaceReading
from vasa.geometry import direction
from vasa.motion.drawing import drawn
from vasa.pipeline import Pipeline
from vasa.types import EMOTIONS, Motion

GOALS = {"gaze_error_deg": 5.0, "distance_error_percent": 3.0, "emotion_recognised": 0.7}
Seen = Sequence[FaceReading]  # one reading of a track for each person and seed, in the same order for every ask


class Reads(Protocol):
    """Reads faces off frames, as `vasa.evaluate.probe.Probe` does."""

    def read(self, frames: Tensor) -> FaceReading:
        """Frames [T, 3, H, H] in [0, 1], in order of time."""
        ...


@dataclass(frozen=True)
class Obedience:
    """Named numbers, what is shown where an emotion was asked for [8, 8] (asked, shown), and the matrix of effects."""

    numbers: dict[str, float]
    shown: Tensor | None
    effects: Effects | None


class Asking:
    """Lets a generator drive a cast with something asked of it, and reads every few frames of what is seen.

    The motion is shown as it was made: sizes are not moved to those of the portraits, which `Pipeline` does. seeds:
    performances of each voice, the same ones whatever is asked. every: of so many frames one is shown and read.
    """

    def __init__(self, pipe: Pipeline, cast: Cast, reader: Reads, *, seeds: int = 1, every: int = 2) -> None:
        self.pipe, self.cast, self.reader, self.seeds, self.every = pipe, cast, reader, seeds, every
        self.frame_rate = pipe.clock.frame_rate / every

    @torch.no_grad()
    def __call__(self, ask: Ask) -> list[FaceReading]:
        """What is seen of everybody, first all people of one seed; raises the generator's ValueError if it refuses."""
        generator, _ = voice_of(self.pipe)
        asked = ask.controls(len(self.cast)).to(self.pipe.device)
        seeds = range(0, self.seeds * len(self.cast), len(self.cast))
        tracks = [drawn(generator, self.cast.features, asked, seed=seed) for seed in seeds]
        return [self._read(row, motion) for motion in tracks for row in range(len(self.cast))]

    def _read(self, row: int, motion: Motion) -> FaceReading:
        some = motion.rows(slice(row, row + 1))
        some = Motion(some.pose[:, :: self.every], some.dynamics[:, :: self.every])
        return self.reader.read(shown(self.pipe, self.cast.portraits[row], some))


def asks(controls: Collection[str] = CONTROLS) -> list[Ask]:
    """Everything that has to be shown, each once, to measure these controls."""
    pairs = [ask for move in moves(controls=controls) for ask in (move.low, move.high)]
    return list(dict.fromkeys([NOTHING, *grid(controls=controls), *pairs]))


def obedience(seen: Mapping[Ask, Seen], *, frame_rate: float) -> Obedience:
    """What readings of every ask come to; `NOTHING` is among them. frame_rate: of the frames that were read.

    gaze_error_deg: angle from what is asked to the main gaze of each track (VASA-1's E_g), gaze_frame_error_deg to that
    of each frame. distance_error_percent: of each track's mean distance. gaze_change_error_deg and
    distance_change_error_percent: of the same relative to the person's own where the middle is asked, so that what a
    reader always misses of a face cancels. emotion_recognised: share of tracks whose mean probability is highest for
    what was asked. Names that end in _ignored say what these would be for a generator that heeds nothing. Raises
    ValueError below two people and seeds.
    """
    asked = {name: [ask for ask in grid() if ask.control == name and ask in seen] for name in CONTROLS}
    numbers: dict[str, float] = {}
    if asked[GAZE]:
        numbers |= _gaze_numbers(seen, asked[GAZE])
    if asked[DISTANCE]:
        numbers |= _distance_numbers(seen, asked[DISTANCE])
    confusion = _confusion(seen, asked[EMOTION]) if asked[EMOTION] else None
    if confusion is not None:
        numbers["emotion_recognised"] = float((confusion.diagonal() / confusion.sum(-1)).nanmean())
    return Obedience(numbers, confusion, _matrix(seen, frame_rate))


def reader_errors(reader: Reads, cast: Cast, *, every: int = 2) -> dict[str, float]:
    """The same errors of the reader itself, on the clips' own frames and labels: nothing can be measured below them."""
    gaze, far, right = [], [], []
    for clip in cast.clips:
        index = slice(0, None, every)
        read = _sure(reader.read(clip.frames(index).float() / 255))
        true = {name: clip.labels[name][index].float() for name in (GAZE, DISTANCE, EMOTION)}
        gaze.append(between_deg(main_gaze(read.gaze), main_gaze(true[GAZE])) if len(read.gaze) else _NAN)
        far.append((distance(read).mean() / true[DISTANCE].mean() - 1).abs())
        right.append((read.emotion.mean(0).argmax() == true[EMOTION].mean(0).argmax()).float())
    means = {"gaze_error_deg": gaze, "distance_error_percent": [100 * one for one in far], "emotion_recognised": right}
    return {name: float(torch.stack(values).nanmean()) for name, values in means.items()}


def between_deg(one: Tensor, other: Tensor) -> Tensor:
    """Angle in degrees between gazes [..., 2] of yaw and pitch in radians."""
    left, right = direction(*one.unbind(-1)), direction(*other.unbind(-1))
    return 2 * torch.asin(((left - right).norm(dim=-1) / 2).clamp(max=1)).rad2deg()


_NAN = torch.tensor(float("nan"))


def _gaze_numbers(seen: Mapping[Ask, Seen], asked: Sequence[Ask]) -> dict[str, float]:
    goals = torch.tensor([ask.value for ask in asked])[:, None]

    def mains(of: Mapping[Ask, Seen]) -> Tensor:
        return torch.stack([torch.stack([_main(_sure(track).gaze) for track in of[ask]]) for ask in asked])

    pairs = [(track, goal) for ask, goal in zip(asked, goals, strict=True) for track in seen[ask]]
    main, frames = mains(seen), [between_deg(_sure(track).gaze, goal) for track, goal in pairs]
    errors = {
        "gaze_error_deg": between_deg(main, goals),
        "gaze_frame_error_deg": torch.cat(frames),
        "gaze_change_error_deg": _changes_deg(main, goals),
        "gaze_error_deg_ignored": between_deg(mains(dict.fromkeys(asked, seen[NOTHING])), goals),
    }
    return {name: float(value.nanmean()) for name, value in errors.items()}


def _main(gaze: Tensor) -> Tensor:
    return main_gaze(gaze) if len(gaze) else _NAN.expand(2)


def _changes_deg(main: Tensor, goals: Tensor) -> Tensor:
    """How far gazes [A, N, 2] are from goals [A, 1, 2], both against those of the middle row, which is left out."""
    middle = len(goals) // 2
    away = (main - main[middle]) - (goals - goals[middle])
    others = [row for row in range(len(goals)) if row != middle]
    return away[others].norm(dim=-1).rad2deg()


def _distance_numbers(seen: Mapping[Ask, Seen], asked: Sequence[Ask]) -> dict[str, float]:
    goals = torch.tensor([ask.value[0] for ask in asked])[:, None]
    middle = len(asked) // 2

    def ratios(of: Mapping[Ask, Seen]) -> Tensor:
        rows = [torch.stack([distance(_sure(track)).mean() for track in of[ask]]) for ask in asked]
        return torch.stack(rows) / goals

    found, ignored = ratios(seen), ratios(dict.fromkeys(asked, seen[NOTHING]))
    errors = {"": found, "_ignored": ignored}
    numbers = {f"distance_error_percent{which}": _percent(rows) for which, rows in errors.items()}
    return numbers | {"distance_change_error_percent": _percent(found / found[middle])}


def _percent(ratios: Tensor) -> float:
    return 100 * float((ratios - 1).abs().nanmean())


def _confusion(seen: Mapping[Ask, Seen], asked: Sequence[Ask]) -> Tensor:
    """How many tracks show each emotion where each was asked for: [8, 8]."""
    table = torch.zeros(len(EMOTIONS), len(EMOTIONS), dtype=torch.float64)
    for ask in asked:
        row = int(torch.tensor(ask.value).argmax())
        means = torch.stack([_sure(track).emotion.mean(0) for track in seen[ask]])
        found = means[~means.isnan().any(-1)].argmax(-1)
        table[row] += F.one_hot(found, len(EMOTIONS)).sum(0)
    return table


def _matrix(seen: Mapping[Ask, Seen], frame_rate: float) -> Effects | None:
    rows = {ask: _rows(tracks, frame_rate) for ask, tracks in seen.items()}
    found = [move for move in moves() if move.low in rows and move.high in rows]
    return effects({move: (rows[move.low], rows[move.high]) for move in found}, rows[NOTHING]) if found else None


def _rows(tracks: Iterable[FaceReading], frame_rate: float) -> Tensor:
    return torch.stack([quantities(track, frame_rate=frame_rate) for track in tracks])


def _sure(track: FaceReading) -> FaceReading:
    """Only the frames that show a face."""
    shows = track.face >= SURE
    return replace(track, **{name: value[shows] for name, value in vars(track).items()})
