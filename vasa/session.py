"""One face and one stream of sound: samples in, frames out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vasa.audio import AudioEncoder, encode_window
from vasa.audio.buffer import SoundBuffer
from vasa.audio.windows import context_frames, lookahead_frames
from vasa.clock import Clock
from vasa.easing import own_share
from vasa.motion import MotionGenerator, MotionState
from vasa.motion.edits import Edited
from vasa.types import Controls, Edit, Motion

# Motion of one face, as it was made, and how much of each frame is the portrait's own [T] -> frames [T, 3, H, W] and
# the motion that they show, a few at a time.
Show = Callable[[Motion, Tensor], Iterator[tuple[Tensor, Motion]]]


@dataclass(frozen=True)
class Piece:
    """Some frames in a row, [T, 3, H, W] in [0, 1], the motion [1, T, M] that they show, the sound [S] heard with them.

    samples: exactly T frames' worth, ended by silence; None where there is no sound.
    """

    frames: Tensor
    motion: Motion
    samples: Tensor | None = None


@dataclass(frozen=True)
class Window:
    """What is to be shown next: motion [1, T, M] as it was made, how much of each frame is the portrait's own [T], and
    its sound."""

    motion: Motion
    own: Tensor
    samples: Tensor


@dataclass(frozen=True)
class Request:
    """What a session needs next: sound [S] of a window with its surroundings, its controls, and its track's state."""

    samples: Tensor
    controls: Controls
    state: MotionState


def answer(
    motion: MotionGenerator, audio: AudioEncoder, requests: Sequence[Request], device: torch.device
) -> list[tuple[Motion, MotionState]]:
    """The motion of the next windows and the states after them, all in one forward of each network.

    The requests are of one length and have the same controls given.
    """
    features = encode_window(audio, torch.stack([request.samples for request in requests]).to(device))
    controls = Controls.cat([request.controls for request in requests])
    made, state = motion.step(features, controls, MotionState.cat([request.state for request in requests]))
    return [(made.rows(slice(row, row + 1)), state[row : row + 1]) for row in range(len(requests))]


class Session:
    """Turns a stream of sound into frames on a fixed grid of windows, so that cutting it otherwise changes nothing.

    stride: frames made at once, at most the generator's window; fewer cost less delay and more computing.
    show: renders motion as frames of size_px, height and width. ease: frames in which the face leaves the portrait's
    own motion at the start, and comes back to it, silent, after the sound; 0: neither. edits: what is done to the
    motion before it is shown, in order. Raises ValueError where the stride does not fit.
    """

    def __init__(
        self, *, motion: MotionGenerator, audio: AudioEncoder, show: Show, controls: Controls, seed: int,
        size_px: tuple[int, int], stride: int | None, device: torch.device, ease: int = 0, edits: Sequence[Edit] = (),
    ) -> None:  # fmt: skip
        self.stride = motion.window if stride is None else stride
        if not isinstance(self.stride, int) or not 1 <= self.stride <= motion.window:
            raise ValueError(f"A stride is 1 to {motion.window} frames, the generator's window; got {stride}.")
        if not isinstance(seed, int):
            raise ValueError(f"A seed is a whole number from 0 on; got {seed!r}.")
        self.motion, self.audio, self.show, self.controls, self.device = motion, audio, show, controls, device
        self.size_px, self.ease, self.edited = size_px, ease, Edited(edits)
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
        return self.joined(self.feed(samples))

    def flush(self) -> Tensor:
        """The sound has ended: the frames that are still missing, so that no sample is left out."""
        return self.joined(self.finish())

    def interrupt(self) -> int:
        """Forget the sound that no frame was made for yet, as when a speaker is cut off; returns how many samples.

        The face goes on from where it is: what is pushed next, speech or silence, follows the last frame shown.
        """
        return self.sound.drop(self.clock.samples(self.made))

    def feed(self, samples: Tensor) -> Iterator[Piece]:
        """Like `push`, a few frames at a time."""
        self.hear(samples)
        yield from self._due()

    def finish(self) -> Iterator[Piece]:
        """Like `flush`, a few frames at a time."""
        self.close()
        yield from self._due()

    def hear(self, samples: Tensor) -> None:
        """Take sound in without making frames; raises ValueError where it is no sound, or the session was flushed."""
        self.sound.push(self.check(samples))

    def close(self) -> None:
        """No sound will come any more."""
        self.open = False

    @property
    def due(self) -> int:
        """How many frames the next window shows, as far as the sound goes; 0: none yet."""
        if self.open:
            return self.stride if self.sound.ready(self.clock.samples(self.made + self.stride)) else 0
        return min(self.stride, self.total + self.ease * (self.total > 0) - self.made)

    @property
    def total(self) -> int:
        """Frames that cover all sound received."""
        return self.clock.frames_covering(self.sound.received)

    def request(self) -> Request:
        """What the next window needs."""
        start, end = self.clock.samples(self.made), self.clock.samples(self.made + self.stride)
        return Request(self.sound.cut(start, end), self.controls.window(self.made, self.stride), self.state)

    def take(self, request: Request, motion: Motion, state: MotionState) -> Window:
        """Go on with the motion [1, stride, M] that was made for a request: what is to be shown of it."""
        first, length, self.state = self.made, self.due, state
        own = own_share(first, length, self.ease, None if self.open else self.total)
        self.made += self.stride
        shown = self.edited(motion)[slice(0, length)]
        return Window(shown, own, request.samples[self.sound.past :])

    @torch.no_grad()
    def shown(self, window: Window) -> Iterator[Piece]:
        """The frames of a window, a few at a time."""
        heard, start = window.samples.split(self.clock.samples_per_frame), 0
        for frames, motion in self.show(window.motion, window.own):
            yield Piece(frames, motion, torch.cat(heard[start : start + len(frames)]))
            start += len(frames)

    def heard(self, chunks: Iterable[Tensor]) -> Iterator[Window]:
        """Everything that is to be shown of a sound that comes in chunks and then ends."""
        for chunk in chunks:
            self.hear(chunk)
            yield from self.windows()
        self.close()
        yield from self.windows()

    @torch.no_grad()
    def windows(self) -> Iterator[Window]:
        """What is due, one window after another."""
        while self.due > 0:
            request = self.request()
            yield self.take(request, *answer(self.motion, self.audio, [request], self.device)[0])

    def joined(self, pieces: Iterator[Piece]) -> Tensor:
        """The frames of all pieces [T, 3, H, W]; T may be 0."""
        frames = [piece.frames for piece in pieces]
        return torch.cat(frames) if frames else torch.empty(0, 3, *self.size_px)

    def _due(self) -> Iterator[Piece]:
        for window in self.windows():
            yield from self.shown(window)

    def check(self, samples: Tensor) -> Tensor:
        """The same sound [S], as one that can be heard; raises ValueError as `hear` does."""
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
