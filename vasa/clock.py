"""Time: video frames and audio samples on one grid."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """How many samples and frames a second has; a frame must be a whole number of samples."""

    sample_rate: int = 16_000
    frame_rate: int = 25

    def __post_init__(self) -> None:
        if self.sample_rate <= 0 or self.frame_rate <= 0 or self.sample_rate % self.frame_rate:
            raise ValueError(
                f"A clock needs a sample rate that its frame rate divides; got {self.sample_rate} Hz and "
                f"{self.frame_rate} frames a second. Choose rates like 16000 and 25."
            )

    @property
    def samples_per_frame(self) -> int:
        """Samples of sound that one frame lasts."""
        return self.sample_rate // self.frame_rate

    def frames(self, samples: int) -> int:
        """Whole frames in this many samples; raises ValueError where they do not fit exactly."""
        if samples % self.samples_per_frame:
            raise ValueError(
                f"Got {samples} samples; a step takes whole frames of {self.samples_per_frame}. "
                "Session.push buffers for you."
            )
        return samples // self.samples_per_frame

    def frames_covering(self, samples: int) -> int:
        """Frames needed so that no sample is left out."""
        return -(-samples // self.samples_per_frame)

    def samples(self, frames: int) -> int:
        """Samples in this many frames."""
        return frames * self.samples_per_frame

    def frames_in(self, seconds: float) -> int:
        """Seconds to the nearest whole frame."""
        return round(seconds * self.frame_rate)


CLOCK = Clock()
