"""One face and one stream of sound: samples in, frames out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from vasa.audio import AudioEncoder, encode_window
from vasa.audio.windows import context_frames, lookahead_frames
from vasa.clock import Clock
from vasa.motion import MotionGenerator, MotionState
from vasa.types import Controls, Motion

Show = Callable[[Motion], Iterator[Tensor]]  # motion of one face -> its frames [T, 3, H, W], a few at a time


@dataclass(frozen=True)
class Piece:
    """Some frames in a row, [T, 3, H, W] in [0, 1], the motion [1, T, M] that they show, the sound [S] heard with them.

    samples: exactly T frames' worth, ended by silence; None where there is no sound.
    """

    frames: Tensor
    motion: Motion
    samples: Tensor | None = None


@dataclass
class SoundBuffer:
    """The part of a stream of sound that is still needed; a window sees `past` samples before and `ahead` after it."""

    past: int
    ahead: int
    received: int = 0
    first: int = field(init=False)
    samples: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.first, self.samples = -self.past, torch.zeros(self.past)

    def push(self, samples: Tensor) -> None:
        """Add samples [S] at the end."""
        self.samples = torch.cat([self.samples, samples])
        self.received += len(samples)

    def ready(self, end: int) -> bool:
        """Whether a window that ends before this sample can be cut without padding."""
        return self.received >= end + self.ahead

    def cut(self, start: int, end: int) -> Tensor:
        """The window [start, end) with its surroundings, silence where there is no sound; forgets what lies before."""
        self.samples = self.samples[start - self.past - self.first :]
        self.first = start - self.past
        wanted = end + self.ahead - self.first
        cut = self.samples[:wanted]
        return torch.cat([cut, cut.new_zeros(wanted - len(cut))])


class Session:
    """Turns a stream of sound into frames on a fixed grid of windows, so that cutting it otherwise changes nothing.

    stride: frames made at once, at most the generator's window; fewer cost less delay and more computing.
    show: renders motion as frames of size_px, height and width. Raises ValueError where the stride does not fit.
    """

    def __init__(
        self, *, motion: MotionGenerator, audio: AudioEncoder, show: Show, controls: Controls, seed: int,
        size_px: tuple[int, int], stride: int | None, device: torch.device,
    ) -> None:  # fmt: skip
        self.stride = motion.window if stride is None else stride
        if not 1 <= self.stride <= motion.window:
            raise ValueError(f"A stride is 1 to {motion.window} frames, the generator's window; got {stride}.")
        self.motion, self.audio, self.show, self.controls, self.device = motion, audio, show, controls, device
        self.size_px = size_px
        self.clock: Clock = audio.clock
        self.made = 0
        self.state: MotionState = motion.start(1, seed=seed)
        past, ahead = context_frames(audio), lookahead_frames(audio)
        self.sound = SoundBuffer(self.clock.samples(past), self.clock.samples(ahead))
        self.open = True

    @property
    def latency_s(self) -> float:
        """How much sound has to come before the first frame can be shown."""
        return self.stride / self.clock.frame_rate + self.audio.lookahead_s

    def push(self, samples: Tensor) -> Tensor:
        """Sound [S] -> the frames that it completes [T, 3, H, W]; T may be 0."""
        return self._joined(self.feed(samples))

    def flush(self) -> Tensor:
        """The sound has ended: the frames that are still missing, so that no sample is left out."""
        return self._joined(self.finish())

    def feed(self, samples: Tensor) -> Iterator[Piece]:
        """Like `push`, a few frames at a time."""
        self.sound.push(self._checked(samples))
        while self.sound.ready(self.clock.samples(self.made + self.stride)):
            yield from self._window(self.stride)

    def finish(self) -> Iterator[Piece]:
        """Like `flush`, a few frames at a time."""
        self.open = False
        total = self.clock.frames_covering(self.sound.received)
        while self.made < total:
            yield from self._window(min(self.stride, total - self.made))

    @torch.no_grad()
    def _window(self, length: int) -> Iterator[Piece]:
        start, end = self.clock.samples(self.made), self.clock.samples(self.made + self.stride)
        surrounded = self.sound.cut(start, end)
        heard = surrounded[self.sound.past : self.sound.past + end - start].split(self.clock.samples_per_frame)
        motion = self._motion(surrounded)[slice(0, length)]
        shown = 0
        for frames in self.show(motion):
            now = slice(shown, shown + len(frames))
            yield Piece(frames, motion[now], torch.cat(heard[now]))
            shown = now.stop

    def _motion(self, surrounded: Tensor) -> Motion:
        features = encode_window(self.audio, surrounded[None].to(self.device))
        motion, self.state = self.motion.step(features, self.controls.window(self.made, self.stride), self.state)
        self.made += self.stride
        return motion

    def _checked(self, samples: Tensor) -> Tensor:
        if not self.open:
            raise ValueError("This session was flushed; begin a new one for new sound.")
        flat = torch.as_tensor(samples)
        if flat.ndim != 1 or not flat.is_floating_point():
            raise ValueError(
                f"A stream takes mono float samples [S] at {self.clock.sample_rate} Hz; got {list(flat.shape)} "
                f"of {flat.dtype}. `vasa.media` converts files and arrays."
            )
        if not bool(flat.isfinite().all()):
            raise ValueError("The sound holds NaN or infinite samples; mend the recording.")
        return flat.float().cpu()

    def _joined(self, pieces: Iterator[Piece]) -> Tensor:
        frames = [piece.frames for piece in pieces]
        return torch.cat(frames) if frames else torch.empty(0, 3, *self.size_px)
