"""Videos in and out, through PyAV, frame by frame: memory does not grow with length."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from types import TracebackType
from typing import Self

import av
import numpy as np
import torch
from av.stream import Disposition
from av.video.reformatter import ColorRange, Colorspace
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from vasa.clock import CLOCK, Clock
from vasa.media.files import Source, existing_file, writable_file
from vasa.media.sound import open_media
from vasa.media.watermark import stamp

SYNTHETIC = "synthetic: made by vasa"


class VideoWriter:
    """Writes H.264 and AAC into an mp4 as frames arrive; the file appears under its name once it is whole.

    size: height and width of the frames in pixels; odd ones gain a copy of their last row or column, as H.264 asks for
    even sizes. sound: whether every write brings samples. The file says in its title that it is synthetic, and
    every frame carries the mark of `vasa.media.watermark`.
    Use it in a `with`; on any error nothing is left behind. Raises FileNotFoundError, ValueError and OSError.
    """

    def __init__(self, path: Source, size: tuple[int, int], clock: Clock = CLOCK, *, sound: bool = True) -> None:
        self.path = writable_file(path, (".mp4",))
        self._unfinished = self.path.with_name(f".{self.path.name}.{os.getpid()}-{threading.get_ident()}.part")
        self._size, self._clock, self._written = size, clock, 0
        self._container = self._open()
        try:
            self._picture = _picture_stream(self._container, size, clock)
            self._sound = _sound_stream(self._container, clock) if sound else None
        except BaseException:
            self._abandon()
            self._unfinished.unlink(missing_ok=True)
            raise

    def write(self, frames: Tensor, samples: Tensor | None = None) -> None:
        """Append frames [T, 3, H, W] in [0, 1] and the samples [S] in [-1, 1] heard with them, S = T frames' worth."""
        self._check(frames, samples)
        try:
            for frame in frames:
                self._container.mux(self._picture.encode(self._video_frame(frame)))
            if self._sound is not None and samples is not None:
                self._container.mux(self._sound.encode(self._audio_frame(samples)))
        except av.error.FFmpegError as error:
            raise self._failure(error) from None
        self._written += len(frames)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
                self._unfinished.replace(self.path)
            else:
                self._abandon()
        finally:
            self._unfinished.unlink(missing_ok=True)

    def _open(self) -> av.container.OutputContainer:
        try:
            container = av.open(str(self._unfinished), "w", format="mp4", options={"movflags": "+faststart"})
        except (av.error.FFmpegError, OSError) as error:
            raise self._failure(error) from None
        container.metadata.update(title=SYNTHETIC, comment=SYNTHETIC)
        return container

    def _finish(self) -> None:
        try:
            if self._written == 0:
                raise ValueError(f"No frame was written to {self.path}; a video needs at least one.")
            self._container.mux(self._picture.encode(None))
            if self._sound is not None:
                self._container.mux(self._sound.encode(None))
            self._container.close()
        except av.error.FFmpegError as error:
            raise self._failure(error) from None

    def _abandon(self) -> None:
        try:
            self._container.close()
        except av.error.FFmpegError:
            return  # the error that brought us here is already on its way to the caller

    def _failure(self, error: Exception) -> OSError:
        reason = getattr(error, "strerror", None) or str(error)
        return OSError(f"{self.path} could not be written: {reason}.")

    def _check(self, frames: Tensor, samples: Tensor | None) -> None:
        if frames.ndim != 4 or tuple(frames.shape[1:]) != (3, *self._size):
            wanted = f"[T, 3, {self._size[0]}, {self._size[1]}]"
            raise ValueError(f"This video takes frames {wanted}; got {tuple(frames.shape)}.")
        if (samples is None) != (self._sound is None):
            raise ValueError("Each write brings samples exactly where the writer was opened with sound=True.")
        expected = self._clock.samples(len(frames))
        if samples is not None and tuple(samples.shape) != (expected,):
            raise ValueError(f"{len(frames)} frames take samples [{expected}]; got {tuple(samples.shape)}.")

    def _video_frame(self, frame: Tensor) -> av.VideoFrame:
        height, width = self._size
        marked = stamp(frame.detach().float().cpu())
        even = F.pad(marked[None], (0, width % 2, 0, height % 2), mode="replicate")[0]
        pixels = rearrange((even.clamp(0, 1) * 255).round().to(torch.uint8), "c h w -> h w c")
        return av.VideoFrame.from_ndarray(pixels.contiguous().numpy(), format="rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )

    def _audio_frame(self, samples: Tensor) -> av.AudioFrame:
        values = samples.detach().float().cpu().clamp(-1, 1).numpy()
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(values[None]), format="fltp", layout="mono")
        frame.sample_rate, frame.time_base = self._clock.sample_rate, Fraction(1, self._clock.sample_rate)
        frame.pts = self._clock.samples(self._written)
        return frame


def _picture_stream(
    container: av.container.OutputContainer, size: tuple[int, int], clock: Clock
) -> av.video.stream.VideoStream:
    stream = container.add_stream("libx264", rate=clock.frame_rate)
    assert isinstance(stream, av.video.stream.VideoStream)
    stream.height, stream.width = (side + side % 2 for side in size)
    stream.pix_fmt = "yuv420p"
    # Without B-frames pictures leave the encoder in order, so the first is shown at exactly 0 s.
    stream.options = {"crf": "18", "preset": "veryfast", "bf": "0"}
    context = stream.codec_context
    context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
    context.color_primaries = context.color_trc = 1  # ITU-R BT.709
    return stream


def _sound_stream(container: av.container.OutputContainer, clock: Clock) -> av.audio.stream.AudioStream:
    stream = container.add_stream("aac", rate=clock.sample_rate)
    assert isinstance(stream, av.audio.stream.AudioStream)
    stream.layout, stream.bit_rate = "mono", 96_000
    return stream


class VideoReader:
    """Frames [3, H, W] of a video, upright, on the clock: a slower one repeats frames, a faster one leaves some out.

    fps is the file's own rate, title what it says of itself, size its upright height and width. Every `iter` reads from
    the start and holds one frame. Raises FileNotFoundError and ValueError.
    """

    def __init__(self, path: Source, clock: Clock = CLOCK) -> None:
        self.path, self._clock = existing_file(path), clock
        with open_media(self.path) as container:
            stream, title = self._stream(container), container.metadata.get("title", "")
            rate = stream.average_rate or stream.guessed_rate or Fraction(clock.frame_rate)
            first = next(self._decoded(container, stream), None)
        if first is None:
            raise ValueError(f"{self.path} has no frames.")
        self.fps = float(rate)
        self.title = title
        self.size: tuple[int, int] = tuple(_upright(first).shape[-2:])  # type: ignore[assignment]

    def __iter__(self) -> Iterator[Tensor]:
        with open_media(self.path) as container:
            stream = self._stream(container)
            yield from self._on_clock(self._decoded(container, stream))

    def _stream(self, container: av.container.InputContainer) -> av.video.stream.VideoStream:
        moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not moving:
            raise ValueError(f"{self.path} has no picture; name a video.")
        return moving[0]

    def _decoded(
        self, container: av.container.InputContainer, stream: av.video.stream.VideoStream
    ) -> Iterator[av.VideoFrame]:
        try:
            yield from container.decode(stream)
        except av.error.FFmpegError as error:
            raise ValueError(f"{self.path} is a damaged video: {error.strerror}.") from None

    def _on_clock(self, frames: Iterator[av.VideoFrame]) -> Iterator[Tensor]:
        """For every tick of the clock, the frame that the file shows in the middle of it."""
        (shown, start), count = next(timed := self._timed(frames)), 0
        begun = start
        for following, time in chain(timed, [(None, None)]):
            end = start + 1 / self.fps if time is None else time
            while (count + 0.5) / self._clock.frame_rate < end - begun - 1e-6:
                yield _upright(shown)
                count += 1
            shown, start = following or shown, end

    def _timed(self, frames: Iterator[av.VideoFrame]) -> Iterator[tuple[av.VideoFrame, float]]:
        """Frames and when they are shown, s; evenly where the file does not say, as a bare stream of pictures."""
        for number, frame in enumerate(frames):
            yield frame, number / self.fps if frame.time is None else frame.time


def _upright(frame: av.VideoFrame) -> Tensor:
    pixels = torch.from_numpy(frame.to_ndarray(format="rgb24"))
    turned = torch.rot90(pixels, round(frame.rotation / 90), (0, 1))
    return rearrange(turned, "h w c -> c h w").float() / 255
