"""How a face reader agrees with MediaPipe on videos of people: head angles, lip opening, and where a face is seen.

python -m benchmarks.real_videos JUDGE.task VIDEO [VIDEO ...] [--reader FOLDER] [--seconds 10]

Angles: standard deviation of the difference in degrees, as two conventions of what is straight ahead differ by a
constant; lips: Pearson's r.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, tee
from pathlib import Path

import torch
from torch import Tensor

from vasa.clock import CLOCK
from vasa.driving import first_crop, views
from vasa.evaluate.outside import MediaPipe
from vasa.evaluate.probe import Probe
from vasa.face.reader_detector import SHIPPED, ReaderDetector
from vasa.face.scores import correlation
from vasa.media.video import VideoReader

SIZE_PX = 256
ANGLES = ("yaw", "pitch", "roll")


@dataclass(frozen=True)
class Agreement:
    """Of one video: frames, share in which each sees a face, degrees that the angles differ by, lips' correlation."""

    frames: int
    ours: float
    theirs: float
    degrees: list[float]
    lips: float

    def __str__(self) -> str:
        turned = ", ".join(f"{name} {value:.1f}" for name, value in zip(ANGLES, self.degrees, strict=True))
        return (
            f"{self.frames} frames, face in {self.ours:.0%} (MediaPipe {self.theirs:.0%}), "
            f"degrees apart: {turned}, lips r = {self.lips:.2f}"
        )


def agreement(video: Path, judge: MediaPipe, reader: Path, seconds: float) -> Agreement:
    """Both look at the same crops, which the reader's detector follows the face with."""
    faces = torch.stack(list(_faces(video, ReaderDetector.of(reader), seconds)))
    ours, theirs = Probe(reader)(faces), judge(faces)
    both = ours.opening.isfinite() & theirs.opening.isfinite()
    apart = (ours.angles - theirs.angles)[both].rad2deg().std(0)
    shares = (reading.opening.isfinite().double().mean().item() for reading in (ours, theirs))
    lips = correlation(ours.opening[both], theirs.opening[both]).item()
    return Agreement(len(faces), *shares, apart.tolist(), lips)


def _faces(video: Path, detector: ReaderDetector, seconds: float) -> Iterator[Tensor]:
    frames, begin = tee(islice(VideoReader(video), round(seconds * CLOCK.frame_rate)))
    first = first_crop(begin, detector)
    yield from (view.face for view in views(frames, detector, first, SIZE_PX))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("judge", help="MediaPipe's face_landmarker .task file")
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--reader", type=Path, default=SHIPPED, help="a checkpoint (default: the shipped one)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each video")
    asked = parser.parse_args()
    judge = MediaPipe(asked.judge)
    for video in asked.videos:
        print(f"{video.name}: {agreement(video, judge, asked.reader, asked.seconds)}", flush=True)


if __name__ == "__main__":
    main()
