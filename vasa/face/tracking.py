"""Crops that follow a face through a video, smoothly."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from vasa.clock import CLOCK
from vasa.face.crop import Crop


class Follows(Protocol):
    """A detector that can also look where a face was last, as `vasa.face.reader_detector.ReaderDetector`."""

    def __call__(self, picture: Tensor) -> Crop: ...

    def near(self, picture: Tensor, last: Crop) -> Crop | None: ...


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
    """Place of a face x, y (pixels) and log size, smoothed, and how fast they change, in crop sides a second."""

    place: tuple[float, ...]
    speed: tuple[float, ...]

    @property
    def crop(self) -> Crop:
        x, y, log_size = self.place
        return Crop(x, y, math.exp(log_size))


def track(frames: Iterable[Tensor], detector: Follows, smooth: Smooth = USUAL) -> Iterator[Crop]:
    """The crop of every frame [3, H, W]; where the face is not seen for a while, the last one stays.

    A face that is lost is looked for in the whole picture. Raises ValueError where the first frame has none.
    """
    state: _State | None = None
    for frame in frames:
        if state is None:
            state = _State(_place(detector(frame)), (0.0, 0.0, 0.0))
        elif (seen := detector.near(frame, state.crop) or _anywhere(detector, frame)) is not None:
            state = _filtered(state, _place(seen), smooth)
        yield state.crop


def _anywhere(detector: Follows, frame: Tensor) -> Crop | None:
    try:
        return detector(frame)
    except ValueError:
        return None


def _place(crop: Crop) -> tuple[float, ...]:
    return crop.x_px, crop.y_px, math.log(crop.size_px)


def _filtered(state: _State, place: tuple[float, ...], smooth: Smooth) -> _State:
    side = state.crop.size_px
    units = (side, side, 1.0)
    place_next, speed_next = [], []
    for old, new, speed, unit in zip(state.place, place, state.speed, units, strict=True):
        seen = (new - old) / unit * CLOCK.frame_rate
        speed += smooth.share(smooth.derivative) * (seen - speed)
        place_next.append(old + smooth.share(smooth.cutoff + smooth.speed * abs(speed)) * (new - old))
        speed_next.append(speed)
    return _State(tuple(place_next), tuple(speed_next))
