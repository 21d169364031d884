"""How often the invisible mark is found after H.264 where it is, and where it is not.

    python -m benchmarks.watermark_rates SOURCE [SOURCE ...] [--clips 20] [--frames 100] [--factors 18 23 28 33]

A source is a film folder, of which some clips are taken, or a video without the mark. Each clip is recoded with and
without the mark: once as vasa writes videos, then by x264 at each rate factor, as a site does that is given one.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from vasa.data.clip import clips_in
from vasa.media.recoding import recoded
from vasa.media.video import VideoReader
from vasa.media.watermark import FOUND, score, stamp

WRITTEN = 18  # the rate factor of what vasa writes
Scores = dict[tuple[int, int, bool], list[float]]  # side in pixels, rate factor, marked


def clips_of(source: Path, most: int, frames: int) -> Iterator[Tensor]:
    """Frames [T, 3, H, W] in [0, 1] of a video, or of clips from all over a film."""
    if not source.is_dir():
        yield torch.stack(list(islice(VideoReader(source), frames)))
        return
    clips = clips_in(source)
    for number in np.unique(np.linspace(0, len(clips) - 1, min(most, len(clips))).astype(int)):
        yield clips[number].frames(slice(0, frames)).float() / 255


def scores_of(frames: Tensor, factors: Sequence[int]) -> Scores:
    """What is found in one clip, marked and not, after each recoding."""
    found: Scores = {}
    height, width = (side - side % 2 for side in frames.shape[-2:])
    for marked in (True, False):
        shown = frames[..., :height, :width]
        written = recoded(_pixels(stamp(shown) if marked else shown), rate_factor=WRITTEN)
        for factor in factors:
            again = torch.from_numpy(recoded(written, rate_factor=factor)).float() / 255
            found[min(height, width), factor, marked] = [score(rearrange(again, "t h w c -> t c h w"))]
    return found


def lines(scores: Scores) -> Iterator[str]:
    """Markdown: a row for each size of picture and rate factor."""
    yield "| pixels | rate factor | found where it is | scores | found where it is not | highest score |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    for side, factor in sorted({key[:2] for key in scores}):
        true, false = (np.array(scores[side, factor, marked]) for marked in (True, False))
        low, middle = np.quantile(true, [0.05, 0.5])
        yield (
            f"| {side} | {factor} | {(true > FOUND).sum()} of {len(true)} | {middle:.1f}, 5 % below {low:.1f} | "
            f"{(false > FOUND).sum()} of {len(false)} | {false.max():.1f} |"
        )
    every = np.concatenate([np.array(values) for (_, _, marked), values in scores.items() if not marked])
    alarms, factors = int((every > FOUND).sum()), len({factor for _, factor, _ in scores})
    clips = len(every) // factors
    yield f"\nFalse alarms: {alarms} of {len(every)} recodings of {clips} clips; found is a score above {FOUND:g}."


def _pixels(frames: Tensor) -> np.ndarray:
    return rearrange((frames * 255).round().to(torch.uint8), "t c h w -> t h w c").contiguous().numpy()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sources", type=Path, nargs="+", metavar="SOURCE")
    options.add_argument("--clips", type=int, default=20, help="of each film, at most")
    options.add_argument("--frames", type=int, default=100, help="of each clip, at most; as `vasa verify` looks at")
    options.add_argument("--factors", type=int, nargs="+", default=[18, 23, 28, 33])
    asked = options.parse_args()
    scores: Scores = defaultdict(list)
    for source in asked.sources:
        for frames in clips_of(source, asked.clips, asked.frames):
            for key, values in scores_of(frames, asked.factors).items():
                scores[key] += values
    print("\n".join(lines(scores)))


if __name__ == "__main__":
    main()
