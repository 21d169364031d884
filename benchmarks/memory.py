"""Peak memory of `vasa animate` for a short and a long sound: they should be the same.

    python benchmarks/memory.py [--model NAME] [--seconds 10 600] [--portrait FILE]

Most of it is weights and libraries; a large picture around a small face takes some hundred MB more than a face alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from vasa.shipped import DEFAULT
from vasa.store import SHIPPED

RATE = 16_000
PORTRAIT = SHIPPED / "mini" / "demo" / "portrait.png"
BABBLE = 0.1 * np.random.default_rng(0).standard_normal(60 * RATE)


def write_sound(path: Path, seconds: float) -> None:
    """Noise, written a minute at a time."""
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for start in range(0, round(seconds * RATE), len(BABBLE)):
            file.write(BABBLE[: round(seconds * RATE) - start])


def peak_mb(model: str, seconds: float, portrait: Path) -> float:
    """The most memory that one run in a process of its own takes."""
    with tempfile.TemporaryDirectory() as folder:
        speech, video = Path(folder) / "speech.wav", Path(folder) / "talk.mp4"
        write_sound(speech, seconds)
        words = ["animate", str(portrait), str(speech), "-o", str(video), "--model", model]
        code = f"import resource; from vasa.cli import main; main({words!r}); print(resource.getrusage(0).ru_maxrss)"
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    print(done.stdout.splitlines()[-2])
    return int(done.stdout.split()[-1]) / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", default=DEFAULT)
    options.add_argument("--seconds", type=float, nargs="+", default=[10.0, 600.0])
    options.add_argument("--portrait", type=Path, default=PORTRAIT)
    arguments = options.parse_args()
    for seconds in arguments.seconds:
        print(f"{seconds:g} s of sound: {peak_mb(arguments.model, seconds, arguments.portrait):.0f} MB")


if __name__ == "__main__":
    main()
