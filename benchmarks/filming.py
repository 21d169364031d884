"""How fast virtual people are filmed: frames a second, drawing and labels together, nothing written to disk.

python -m benchmarks.filming AVATARS [--clips 2] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import multiprocessing
import os
import pstats
import time
from pathlib import Path

from vasa.people.body import embody
from vasa.people.clip import script, shoot
from vasa.people.person import avatar_files
from vasa.people.scene import Stage
from vasa.people.speech_source import open_source


def worker(avatars: Path, recordings: Path | None, size: int, indices: list[int]) -> tuple[int, float, float, str]:
    """Frames of some clips, when filming them began and ended, and the renderer's name."""
    os.environ.setdefault("LP_NUM_THREADS", "0")  # one core each, where Mesa draws in software
    files, speech = avatar_files(avatars), open_source(recordings)
    with Stage(size=size) as stage:
        begin, frames = time.monotonic(), 0
        for index in indices:
            made = script(index, files, speech, people=64, seed=0, clip_s=6.0, split="all")
            frames += len(shoot(stage, embody(made.who, cache=None), made)[0].frames)
        return frames, begin, time.monotonic(), stage.renderer


def rate(avatars: Path, recordings: Path | None, size: int, workers: int, clips: int) -> tuple[float, str]:
    """Frames a second of so many workers together, each with its own clips; and the renderer's name."""
    jobs = [(avatars, recordings, size, list(range(n * clips, (n + 1) * clips))) for n in range(workers)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        found = pool.starmap(worker, jobs)
    took = max(end for _, _, end, _ in found) - min(begin for _, begin, _, _ in found)
    return sum(frames for frames, *_ in found) / took, found[0][3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("avatars", type=Path)
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--clips", type=int, default=2, help="of each worker, about 6 seconds each")
    parser.add_argument("--profile", action="store_true", help="print where one worker's time goes at 256 px")
    asked = parser.parse_args()
    if asked.profile:
        with cProfile.Profile() as profile:
            worker(asked.avatars, asked.recordings, 256, list(range(asked.clips)))
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return
    for size in (128, 256):
        for workers in (1, 2):
            frames_per_second, renderer = rate(asked.avatars, asked.recordings, size, workers, asked.clips)
            print(f"{size} px, {workers} workers: {frames_per_second:.1f} frames/s ({renderer})")


if __name__ == "__main__":
    main()
