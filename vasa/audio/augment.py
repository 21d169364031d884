"""Sound as throats, rooms and microphones change it, so that what is learned on few voices works on others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import ShortTimeFFT, resample_poly
from scipy.signal.windows import hann

from vasa.clock import CLOCK

TWENTIETHS = range(17, 24)  # paces of 0.85 to 1.15; pitch and formants change with them
_BINS, _STEP = 512, 128  # samples of a spectrum, and from one to the next
_SMOOTH = 30  # samples of the cepstrum that tell a throat from the voice in it: pitches are below 530 Hz
_MOST_DB = 24.0  # that a throat changes a frequency by


@dataclass(frozen=True)
class Augmentation:
    """How strongly samples are changed; each range is drawn from evenly.

    snr_db: speech over noise; t60_s: how long a room rings; tilt_db: largest gain of the random equaliser;
    level_db: loudness relative to full scale; wet: chance of reverberation; formants: where they lie, times where they
    were.
    """

    snr_db: tuple[float, float] = (10.0, 50.0)
    t60_s: tuple[float, float] = (0.05, 0.5)
    tilt_db: float = 6.0
    level_db: tuple[float, float] = (-38.0, -14.0)
    wet: float = 0.25
    formants: tuple[float, float] = (0.82, 1.22)

    def __call__(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Another throat, filter, noise and level: float32 [S] -> float32 [S], clipped to [-1, 1]."""
        length, samples = len(samples), throat(samples, rng.uniform(*self.formants))
        size = 1 << (length + round(self.t60_s[1] * CLOCK.sample_rate)).bit_length()
        response = equaliser(size // 2 + 1, rng, tilt_db=self.tilt_db)
        if rng.random() < self.wet:
            response = response * np.fft.rfft(room(rng.uniform(*self.t60_s), rng), size)
        heard = np.fft.irfft(np.fft.rfft(samples, size) * response, size)[:length]
        noise = coloured_noise(length, rng)
        power = np.sqrt(np.mean(np.square(heard))) + 1e-4
        heard = heard / power + noise * 10 ** (-rng.uniform(*self.snr_db) / 20)
        return np.clip(heard * 10 ** (rng.uniform(*self.level_db) / 20), -1, 1).astype(np.float32)


def pace(samples: np.ndarray, twentieths: int) -> np.ndarray:
    """Play faster or slower: `twentieths` / 20 is how much longer it becomes."""
    return samples if twentieths == 20 else resample_poly(samples, twentieths, 20).astype(np.float32)


def throat(samples: np.ndarray, formants: float) -> np.ndarray:
    """Say it with a throat whose formants lie so many times as high; pitch and pace stay: [S] -> [S].

    The envelope of each short spectrum, the smooth part of its cepstrum, is stretched along the frequencies and what
    is left of it, the voice, is not. Jaitly and Hinton 2013 stretch all of it, in features, to train on more speakers.
    """
    transform = ShortTimeFFT(hann(_BINS, sym=False), _STEP, CLOCK.sample_rate)
    spectrum = transform.stft(samples)
    cepstrum = np.fft.irfft(np.log(np.abs(spectrum) + 1e-5), axis=0)
    cepstrum[_SMOOTH : _BINS - _SMOOTH + 1] = 0
    envelope = np.fft.rfft(cepstrum, axis=0).real
    bins = np.arange(len(envelope))
    where = np.clip(bins / formants, 0, bins[-1])
    below = np.minimum(where.astype(int), bins[-1] - 1)
    above = (where - below)[:, None]
    moved = envelope[below] * (1 - above) + envelope[below + 1] * above
    most = _MOST_DB * np.log(10) / 20
    gains = np.exp(np.clip(moved - envelope, -most, most))
    return transform.istft(spectrum * gains, k1=len(samples)).astype(np.float32)


def equaliser(bins: int, rng: np.random.Generator, *, tilt_db: float) -> np.ndarray:
    """Gains of a random smooth filter with random edges at both ends of the band, for `bins` of an rfft."""
    hertz = np.linspace(0, CLOCK.sample_rate / 2, bins)
    knots = np.geomspace(60, CLOCK.sample_rate / 2, 8)
    gains_db = np.interp(hertz, knots, rng.uniform(-tilt_db, tilt_db, len(knots)))
    low, high = rng.uniform(20, 250), rng.uniform(3400, 9000)
    gains_db -= 24 * np.log2(np.maximum(low / np.maximum(hertz, 10), 1)) + 48 * np.log2(np.maximum(hertz / high, 1))
    return 10 ** (gains_db / 20)


def room(t60_s: float, rng: np.random.Generator) -> np.ndarray:
    """An impulse response: the direct sound at sample 0, then noise that falls by 60 dB in `t60_s`."""
    times = np.arange(max(round(t60_s * CLOCK.sample_rate), 2)) / CLOCK.sample_rate
    tail = rng.standard_normal(len(times)) * 10 ** (-3 * times / t60_s)
    tail[0] = 0
    tail *= 10 ** (-rng.uniform(0, 15) / 20) / np.sqrt(np.sum(np.square(tail)))
    tail[0] = 1
    return tail


def coloured_noise(length: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of unit power between white and brown."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    shaped = np.fft.irfft(spectrum / np.maximum(np.arange(len(spectrum)), 8) ** rng.uniform(0, 1), length)
    return shaped / np.sqrt(np.mean(np.square(shaped)))
