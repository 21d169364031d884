"""Speech files of a corpus: 16 kHz mono, read in part so that a random second costs a second."""

from __future__ import annotations

from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from vasa.clock import CLOCK


def fit_rate(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Samples [S] at any rate, as float32 at 16 kHz."""
    shared = gcd(sample_rate, CLOCK.sample_rate)
    if sample_rate == CLOCK.sample_rate:
        return samples.astype(np.float32)
    return resample_poly(samples, CLOCK.sample_rate // shared, sample_rate // shared).astype(np.float32)


def read_speech(path: Path) -> np.ndarray:
    """A whole WAV or FLAC file as mono float32 [S] at 16 kHz."""
    samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    return fit_rate(samples.mean(axis=1), sample_rate)


def write_speech(path: Path, samples: np.ndarray) -> None:
    """Write 16 kHz samples [S] in [-1, 1] as 16 bit; the name's ending says the format."""
    soundfile.write(path, samples, CLOCK.sample_rate, subtype="PCM_16")
