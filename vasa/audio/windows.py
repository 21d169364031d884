"""Features window by window: every window sees the same past and future, live or from a file."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from vasa.audio.encoder import AudioEncoder


def context_frames(encoder: AudioEncoder) -> int:
    """Frames of past that a window sees."""
    return encoder.clock.frames_in(encoder.context_s)


def lookahead_frames(encoder: AudioEncoder) -> int:
    """Frames of future that a window needs."""
    return encoder.clock.frames_in(encoder.lookahead_s)


def encode_window(encoder: AudioEncoder, samples: Tensor) -> Tensor:
    """Features of one window: samples [B, S] of context + window + look-ahead -> [B, T, A] of the window alone.

    Raises ValueError where the samples are no whole frames or leave no window.
    """
    before, after = context_frames(encoder), lookahead_frames(encoder)
    frames = encoder.clock.frames(samples.shape[-1])
    if frames <= before + after:
        raise ValueError(
            f"A window needs more than its {before} frames of context and {after} of look-ahead; got {frames} frames."
        )
    return encoder(samples)[:, before : frames - after]


def samples_around(encoder: AudioEncoder, samples: Tensor, first: int, frames: int) -> Tensor:
    """The samples that the window of `frames` from frame `first` on sees: [B, S], zeros outside the recording."""
    clock = encoder.clock
    start = clock.samples(first - context_frames(encoder))
    end = clock.samples(first + frames + lookahead_frames(encoder))
    inside = samples[:, max(start, 0) : max(end, 0)]
    return functional.pad(inside, (max(-start, 0), end - max(start, 0) - inside.shape[-1]))


def window_features(encoder: AudioEncoder, samples: Tensor, window_frames: int) -> Tensor:
    """Features of a whole recording, exactly as a stream of windows hears it: [B, S] -> [B, T, A], T = S / 640.

    The last window is filled with silence and cut. Raises ValueError where S is no whole number of frames.
    """
    length = encoder.clock.frames(samples.shape[-1])
    starts = range(0, length, window_frames)
    windows = [encode_window(encoder, samples_around(encoder, samples, first, window_frames)) for first in starts]
    return torch.cat([samples.new_zeros(len(samples), 0, encoder.dim), *windows], dim=1)[:, :length]


class LookingAhead:
    """The same `AudioEncoder` with another look-ahead: less costs less delay, and hears less of what comes.

    Raises ValueError where lookahead_s is no whole number of frames, or negative.
    """

    def __init__(self, encoder: AudioEncoder, lookahead_s: float) -> None:
        frames = lookahead_s * encoder.clock.frame_rate
        if frames < 0 or abs(frames - round(frames)) > 1e-6:
            raise ValueError(
                f"A look-ahead is whole frames of {1 / encoder.clock.frame_rate} s, 0 or more; got {lookahead_s} s."
            )
        self.encoder, self.lookahead_s = encoder, lookahead_s
        self.clock, self.dim, self.context_s = encoder.clock, encoder.dim, encoder.context_s

    def __call__(self, samples: Tensor) -> Tensor:
        return self.encoder(samples)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LookingAhead):
            return False
        return self.encoder is other.encoder and self.lookahead_s == other.lookahead_s

    def __hash__(self) -> int:
        return hash((id(self.encoder), self.lookahead_s))
