"""The result of a run: pictures, the motion behind them, and the sound."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from vasa.clock import CLOCK, Clock
from vasa.media.video import VideoWriter
from vasa.session import Piece
from vasa.space import MotionSpace
from vasa.tracks import SavedTrack
from vasa.types import Motion

AT_ONCE = 25  # frames held as floats while writing


@dataclass(frozen=True)
class Video:
    """A finished talking face; notebooks show it.

    pixels: [T, 3, H, W] uint8. motion: what they show. samples: [S], T frames' worth of sound, or None.
    """

    pixels: Tensor
    motion: Motion = field(repr=False)
    samples: Tensor | None = field(default=None, repr=False)
    clock: Clock = CLOCK

    @classmethod
    def of(cls, pieces: Iterable[Piece], clock: Clock = CLOCK) -> Video:
        """All pieces of a run, one after another; raises ValueError where there is none."""
        kept = [(to_pixels(piece.frames), piece.motion, piece.samples) for piece in pieces]
        if not kept:
            raise ValueError("There is nothing to show: the motion or the sound is 0 frames long.")
        pixels, motion, samples = zip(*kept, strict=True)
        sound = torch.cat(samples) if samples[0] is not None else None
        return cls(torch.cat(pixels), Motion.cat(motion), sound, clock)

    @property
    def frames(self) -> Tensor:
        """[T, 3, H, W], values in [0, 1]."""
        return self.pixels.float() / 255

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.pixels) / self.clock.frame_rate

    def save(self, path: Path | str) -> Path:
        """Write an mp4 (H.264, and AAC where there is sound)."""
        height, width = self.pixels.shape[-2:]
        with VideoWriter(path, (height, width), self.clock, sound=self.samples is not None) as writer:
            for start in range(0, len(self.pixels), AT_ONCE):
                frames = self.pixels[start : start + AT_ONCE]
                writer.write(frames.float() / 255, self._heard(start, len(frames)))
        return Path(path)

    def _heard(self, first: int, frames: int) -> Tensor | None:
        start, end = self.clock.samples(first), self.clock.samples(first + frames)
        return None if self.samples is None else self.samples[start:end]

    def __len__(self) -> int:
        """Frames."""
        return len(self.pixels)

    def __repr__(self) -> str:
        height, width = self.pixels.shape[-2:]
        return f"Video({width}x{height}, {len(self.pixels)} frames, {self.seconds:.2f} s)"

    def _repr_html_(self) -> str:
        with tempfile.TemporaryDirectory() as folder:
            encoded = base64.b64encode(self.save(Path(folder) / "video.mp4").read_bytes()).decode()
        return f'<video controls autoplay loop src="data:video/mp4;base64,{encoded}"></video>'


def to_pixels(frames: Tensor) -> Tensor:
    """Pictures in [0, 1] -> uint8, on the CPU."""
    return (frames.clamp(0, 1) * 255).round().to("cpu", torch.uint8)

def to_perform(track: Motion | SavedTrack | Video, space: MotionSpace) -> Motion:
    """The motion of a track or a video, for a renderer of this space; raises ValueError where it is of another, for
    several faces, or has NaN."""
    motion = track.of(space) if isinstance(track, SavedTrack) else track.motion if isinstance(track, Video) else track
    if not isinstance(motion, Motion):
        raise ValueError(f"A track of motion is a Motion, a SavedTrack or a Video; got a {type(track).__name__}.")
    latents = space.pack(motion)
    if len(latents) != 1 or not bool(latents.isfinite().all()):
        raise ValueError(f"A track to perform is of one face and finite; got {len(latents)} faces, or NaN.")
    return motion
