"""Crops that follow a face through a video, smoothly, and the crop in whose units its head's place is told."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from torch import Tensor

from vasa.clock import CLOCK
from vasa.face.crop import Crop

JUMP = 0.5  # sides of the crop, and of its logarithm: a face that is found further away belongs to another shot
SEEK = 12  # frames between two searches of the whole picture for a face that is gone
REST = (0.1, 0.1, 0.2)  # how far a face may be from the crop's middle, in sides, and from its log size: crops stay


@runtime_checkable
class Follows(Protocol):
    """A detector that can also look where a face was last, as `vasa.face.reader_detector.ReaderDetector`."""

    def __call__(self, picture: Tensor) -> Crop: ...

    def near(self, picture: Tensor, last: Crop) -> Crop | None: ...


@dataclass(frozen=True)
class Followed:
    """The crop that a frame is cut with, and the one in whose units the head's place and size are told.

    home is the first crop, so that a head that crosses the picture does so in its units too. After a cut it is placed
    anew: the head goes on from where it was.
    """

    crop: Crop
    home: Crop

    def after_cut(self, crop: Crop) -> Followed:
        """Another shot, of a face that fits `crop`, which stands for the same place and size as the old one."""
        scale = crop.size_px / self.crop.size_px
        x, y = (scale * (a - b) for a, b in ((self.home.x_px, self.crop.x_px), (self.home.y_px, self.crop.y_px)))
        return Followed(crop, Crop(crop.x_px + x, crop.y_px + y, scale * self.home.size_px, crop.angle))


@dataclass(frozen=True)
class Smooth:
    """The 1-euro filter (G. Casiez et al., 2012): steady while a face rests, quick while it moves.

    cutoff: of the low pass at rest, in Hz; speed: by how much the cutoff rises with the speed, in Hz for a crop's side
    a second; derivative: cutoff for the speed itself, in Hz.
    """

    cutoff: float = 1.0
    speed: float = 8.0
    derivative: float = 1.0

    def share(self, cutoff: float) -> float:
        """How much of a new value is taken at the clock's frame rate."""
        return 1 / (1 + CLOCK.frame_rate / (2 * math.pi * cutoff))


USUAL = Smooth()


@dataclass(frozen=True)
class _State:
    """Place of a face x, y (pixels) and log size, smoothed, how fast they change, in crop sides a second, the crop that
    is kept while the face stays in its middle, and for how many frames the face has been gone."""

    place: tuple[float, ...]
    speed: tuple[float, ...]
    kept: Followed
    gone: int = 0

    @classmethod
    def at(cls, crop: Crop, kept: Followed) -> _State:
        return cls(_place(crop), (0.0, 0.0, 0.0), kept)

    @property
    def face(self) -> Crop:
        return _crop(self.place, self.kept.crop.angle)


def track(frames: Iterable[Tensor], detector: Follows, first: Crop, smooth: Smooth = USUAL) -> Iterator[Followed]:
    """How to cut every frame [3, H, W] of a video that shows a face in `first` as soon as it shows it.

    The crop stays while the face is about in its middle, and follows it no further than that needs. Where the face is
    not seen, the last crop stays, and the face is looked for in the whole picture now and then; one that is found far
    away starts another shot.
    """
    state = _State.at(first, Followed(first, first))
    for frame in frames:
        state = _next(state, frame, detector, smooth)
        yield state.kept


def _next(state: _State, frame: Tensor, detector: Follows, smooth: Smooth) -> _State:
    if (seen := detector.near(frame, state.face)) is not None:
        return _moved(state, seen, smooth)
    found = _anywhere(detector, frame) if state.gone % SEEK == 0 else None
    if found is None:
        return replace(state, gone=state.gone + 1)
    return _State.at(found, state.kept.after_cut(found)) if _far(found, state.face) else _moved(state, found, smooth)


def _anywhere(detector: Follows, frame: Tensor) -> Crop | None:
    try:
        return detector(frame)
    except ValueError:
        return None


def _far(found: Crop, last: Crop) -> bool:
    away = math.dist((found.x_px, found.y_px), (last.x_px, last.y_px)) / last.size_px
    return away > JUMP or abs(math.log(found.size_px / last.size_px)) > JUMP


def _place(crop: Crop) -> tuple[float, ...]:
    return crop.x_px, crop.y_px, math.log(crop.size_px)


def _crop(place: tuple[float, ...], angle: float) -> Crop:
    x, y, log_size = place
    return Crop(x, y, math.exp(log_size), angle)


def _moved(state: _State, seen: Crop, smooth: Smooth) -> _State:
    """The filter's next state; the crop that is kept moves by what the face is out of its middle."""
    side = state.face.size_px
    units = (side, side, 1.0)
    place_next, speed_next = [], []
    for old, new, speed, unit in zip(state.place, _place(seen), state.speed, units, strict=True):
        rate = (new - old) / unit * CLOCK.frame_rate
        speed += smooth.share(smooth.derivative) * (rate - speed)
        place_next.append(old + smooth.share(smooth.cutoff + smooth.speed * abs(speed)) * (new - old))
        speed_next.append(speed)
    kept = replace(state.kept, crop=_held(state.kept.crop, tuple(place_next)))
    return _State(tuple(place_next), tuple(speed_next), kept)


def _held(kept: Crop, face: tuple[float, ...]) -> Crop:
    """The crop nearest to the old one in whose middle the face is."""
    units = (kept.size_px, kept.size_px, 1.0)
    rows = zip(face, _place(kept), units, REST, strict=True)
    place = tuple(min(max(old, new - rest * unit), new + rest * unit) for new, old, unit, rest in rows)
    return kept if place == _place(kept) else _crop(place, kept.angle)
