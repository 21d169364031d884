"""Sound in, through PyAV: any file, rate and number of channels becomes mono on the clock's rate."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path

import av
import numpy as np
import torch
from av.stream import Disposition
from einops import rearrange, reduce
from torch import Tensor

from vasa.clock import CLOCK, Clock
from vasa.media.files import Source, existing_file

Sound = Source | tuple[np.ndarray | Tensor, int]

BLOCK = 16_000  # samples that are resampled at a time
LOUDEST = 16.0  # floats beyond are taken for integers that nobody divided


def load_sound(source: Sound, clock: Clock = CLOCK) -> Tensor:
    """A whole sound as [S] float32 in [-1, 1], mono, at the clock's sample rate.

    source: a file (wav, flac, mp3, m4a, ogg, the sound track of a video) or (samples, rate in Hz), where samples are
    [S], [channels, S] or [S, channels], floats or 16- or 32-bit integers. Raises FileNotFoundError and ValueError.
    """
    return torch.cat(list(read_blocks(source, clock)))


def read_blocks(source: Sound, clock: Clock = CLOCK) -> Iterator[Tensor]:
    """The same sound in pieces [n] of any length, decoded as they are asked for: memory does not grow with length.

    What is no sound at all is refused at once, a damaged file where the damage is met.
    """
    if isinstance(source, tuple) and len(source) == 2:
        name, pieces = "The sound", _array_frames(*source)
    elif isinstance(source, str | PathLike):
        file = existing_file(source)
        name, pieces = str(file), _file_frames(file)
    else:
        raise ValueError(
            f"A sound is a file, or (samples, rate in Hz) as in (samples, 16000); got a {type(source).__name__}"
            f"{f' of {len(source)}' if isinstance(source, tuple) else ' alone, whose rate nobody knows'}."
        )
    return _checked(pieces, name, clock)


def _checked(pieces: Iterator[av.AudioFrame], name: str, clock: Clock) -> Iterator[Tensor]:
    length = 0
    for block in _resampled(pieces, clock.sample_rate):
        if not torch.isfinite(block).all():
            raise ValueError(f"{name} holds NaN or infinite samples.")
        length += len(block)
        yield block
    if length == 0:
        raise ValueError(f"{name} is 0 s long; a sound of at least one frame (1/{clock.frame_rate} s) is needed.")


def has_sound(path: Source) -> bool:
    """Whether a file has a sound track; raises FileNotFoundError and ValueError."""
    with open_media(existing_file(path)) as container:
        return bool(container.streams.audio)


def open_media(file: Path) -> av.container.InputContainer:
    """A sound or video file, opened; raises ValueError where it is neither."""
    try:
        return av.open(str(file))
    except (av.error.FFmpegError, UnicodeError):
        raise ValueError(f"{file} is neither a sound nor a video that can be read.") from None


def _resampled(frames: Iterator[av.AudioFrame], rate: int) -> Iterator[Tensor]:
    resampler = None
    for frame in frames:
        frame.pts = None
        resampler = resampler or av.AudioResampler(format="fltp", rate=rate)
        yield from (_mono(out) for out in resampler.resample(frame))
    if resampler is not None:
        yield from (_mono(out) for out in resampler.resample(None))


def _mono(frame: av.AudioFrame) -> Tensor:
    return torch.from_numpy(reduce(frame.to_ndarray(), "c s -> s", "mean").astype(np.float32))


def _file_frames(file: Path) -> Iterator[av.AudioFrame]:
    with open_media(file) as container:
        if not container.streams.audio:
            raise ValueError(f"{file} has no sound track; a silent video or picture cannot drive a face.")
        try:
            for count, frame in enumerate(container.decode(audio=0)):
                if count == 0:
                    yield from _silence(frame, _late_by(container, frame))
                yield frame
        except av.error.FFmpegError as error:
            raise ValueError(f"{file} is a damaged sound: {error.strerror}.") from None


def _late_by(container: av.container.InputContainer, first: av.AudioFrame) -> float:
    """Seconds by which the sound track of a video starts after its picture."""
    video = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not video or first.time is None:
        return 0.0
    start, unit = video[0].start_time, video[0].time_base
    return max(0.0, first.time - float(start * unit if start and unit else 0))


def _silence(like: av.AudioFrame, seconds: float) -> Iterator[av.AudioFrame]:
    count = round(seconds * like.sample_rate)
    if count:
        zeros = np.zeros_like(like.to_ndarray()[:, :1]).repeat(count * _interleaved(like), axis=1)
        frame = av.AudioFrame.from_ndarray(zeros, format=like.format.name, layout=like.layout.name)
        frame.sample_rate = like.sample_rate
        yield frame


def _interleaved(frame: av.AudioFrame) -> int:
    return 1 if frame.format.is_planar else frame.layout.nb_channels


def _array_frames(samples: np.ndarray | Tensor, rate: int) -> Iterator[av.AudioFrame]:
    if not isinstance(rate, int | np.integer) or rate <= 0:
        told = rate if isinstance(rate, float | int) else f"a {type(rate).__name__}"
        raise ValueError(f"A sound comes as (samples, rate) with the rate in whole Hz; got {told} for a rate.")
    channels = _channels_first(samples)
    if not np.isfinite(channels).all():
        raise ValueError("The sound holds NaN or infinite samples.")
    return _pieces(channels, int(rate))


def _pieces(channels: np.ndarray, rate: int) -> Iterator[av.AudioFrame]:
    for start in range(0, channels.shape[-1], BLOCK):
        piece = np.ascontiguousarray(channels[:, start : start + BLOCK])
        mono = reduce(_as_float(piece), "c s -> 1 s", "mean")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(mono), format="fltp", layout="mono")
        frame.sample_rate = rate
        yield frame


def _channels_first(samples: np.ndarray | Tensor) -> np.ndarray:
    if isinstance(samples, Tensor):
        samples = samples.detach().cpu()
        array = (samples.float() if samples.is_floating_point() else samples).numpy()
    else:
        array = np.asarray(samples)
    if array.ndim == 1:
        return array[None]
    if array.ndim == 2 and min(array.shape) <= 8:
        return array if array.shape[0] <= array.shape[1] else rearrange(array, "s c -> c s")
    raise ValueError(f"Samples are [S], [channels, S] or [S, channels]; got shape {array.shape}.")


def _as_float(piece: np.ndarray) -> np.ndarray:
    if np.issubdtype(piece.dtype, np.floating):
        if LOUDEST < (loudest := np.abs(piece).max(initial=0.0)) < np.inf:
            raise ValueError(f"Samples go up to {loudest:g}; floats of a sound lie in [-1, 1], so divide them first.")
        return piece.astype(np.float32)
    if piece.dtype in (np.int16, np.int32):
        return piece.astype(np.float32) / -float(np.iinfo(piece.dtype).min)
    raise ValueError(f"Samples are floats in [-1, 1], int16 or int32; got {piece.dtype}.")
