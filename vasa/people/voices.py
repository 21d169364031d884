"""Voices that say a sentence and know when each sound happens."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from vasa.audio.files import fit_rate, read_speech
from vasa.clock import CLOCK
from vasa.people import espeak
from vasa.people.espeak import speak
from vasa.people.phones import SIL, Phone, from_arpabet, from_ipa, tile

Split = Literal["train", "test"]
STOPS = frozenset(("P", "B", "T", "D", "K", "G", "CH", "JH"))


@dataclass(frozen=True)
class Utterance:
    """A sentence as it sounds: whole frames of 16 kHz samples, and phones that cover them without a gap."""

    voice: str
    text: str
    split: Split
    samples: np.ndarray  # [S] float32 in [-1, 1]
    phones: tuple[Phone, ...]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / CLOCK.sample_rate


class Voice(Protocol):
    """Says sentences. Voices of split "test" are kept for measuring: nothing may be trained on them."""

    name: str
    language: str
    split: Split

    def say(self, text: str, *, seed: int) -> Utterance:
        """The same text and seed give the same sound; the seed varies pace, pitch and the silence around."""
        ...


def finish(samples: np.ndarray, phones: list[Phone], *, voice: Voice, text: str, rng: np.random.Generator) -> Utterance:
    """Set the loudness, put 0.1 to 0.5 s of silence at both ends and fill up the last frame."""
    before = round(rng.uniform(0.1, 0.5) * CLOCK.sample_rate)
    filled = before + len(samples) + round(rng.uniform(0.1, 0.5) * CLOCK.sample_rate)
    filled = CLOCK.samples(CLOCK.frames_covering(filled))
    padded = np.zeros(filled, np.float32)
    padded[before : before + len(samples)] = level(samples)
    shift = before / CLOCK.sample_rate
    moved = [Phone(p.symbol, p.start_s + shift, p.end_s + shift) for p in phones]
    return Utterance(voice.name, text, voice.split, padded, tile(moved, filled / CLOCK.sample_rate))


def level(samples: np.ndarray, *, rms: float = 0.07, peak: float = 0.95) -> np.ndarray:
    """Bring the louder half of the samples to a common loudness, without clipping."""
    loud = np.sort(np.abs(samples))[len(samples) // 2 :]
    gain = rms / max(float(np.sqrt(np.mean(np.square(loud)) / 2)), 1e-6) if len(loud) else 1.0
    return samples * min(gain, peak / max(float(np.abs(samples).max(initial=0.0)), 1e-6))


class EspeakVoice:
    """A voice of espeak-ng, with a variant such as "m3"; needs the system library libespeak-ng.

    Raises ValueError for a language or variant that espeak-ng does not have.
    """

    def __init__(self, *, language: str, variant: str, split: Split) -> None:
        self.name = f"espeak-{language}-{variant}"
        self.language, self.variant, self.split = language, variant, split

    def say(self, text: str, *, seed: int) -> Utterance:
        rng = np.random.default_rng(seed)
        spoken = speak(
            text,
            voice=f"{self.language}+{self.variant}",
            words_per_minute=int(rng.integers(125, 215)),
            pitch=int(rng.integers(25, 75)),
            pitch_range=int(rng.integers(30, 85)),
            seed=seed,
        )
        starts = [event.sample for event in spoken.events]
        phones: list[Phone] = []
        for event, end in zip(spoken.events, [*starts[1:], len(spoken.samples)], strict=True):
            sounds = from_ipa(event.ipa) or (SIL,)
            edges = np.linspace(event.sample, end, len(sounds) + 1) / spoken.sample_rate
            phones += [Phone(s, a, b) for s, a, b in zip(sounds, edges[:-1], edges[1:], strict=True)]
        phones = _take_closures(phones, spoken.samples, spoken.sample_rate)
        samples = fit_rate(spoken.samples, spoken.sample_rate)
        return finish(samples, phones, voice=self, text=text, rng=rng)


def _take_closures(phones: list[Phone], samples: np.ndarray, sample_rate: int, longest_s: float = 0.15) -> list[Phone]:
    """Give each stop the silence before its burst, which espeak-ng counts to the sound before."""
    taken: list[Phone] = []
    for phone in phones:
        if taken and phone.symbol in STOPS and taken[-1].symbol != SIL:
            last, end = taken[-1], round(phone.start_s * sample_rate)
            begin = max(round(last.start_s * sample_rate), end - round(longest_s * sample_rate))
            loud = np.flatnonzero(np.abs(samples[begin:end]) > 0.01)
            closed_s = (begin + (loud[-1] + 1 if len(loud) else 0)) / sample_rate
            taken[-1] = Phone(last.symbol, last.start_s, min(closed_s, phone.start_s))
            phone = Phone(phone.symbol, taken[-1].end_s, phone.end_s)
        taken.append(phone)
    return taken


def flite_available() -> bool:
    """Whether this machine has the program."""
    return shutil.which("flite") is not None


def check_programs() -> None:
    """Raise FileNotFoundError unless the programs of all voices in `cast` are there: a film would stop half-way."""
    there = {"espeak-ng": espeak.available(), "flite": flite_available()}
    if missing := [name for name, found in there.items() if not found]:
        raise FileNotFoundError(
            f"The voices need {' and '.join(missing)}; install what is missing (apt-get install {' '.join(missing)})."
        )


class FliteVoice:
    """A voice of CMU flite, made from recordings of one speaker; needs the program `flite`.

    `slt` is an American woman, `rms` an American man, `awb` a Scottish man.
    """

    LATE_S = 0.015  # its boundaries come this much before the change that is heard

    def __init__(self, *, speaker: str, split: Split) -> None:
        self.name, self.speaker, self.split = f"flite-{speaker}", speaker, split
        self.language = "en-us"

    def say(self, text: str, *, seed: int) -> Utterance:
        rng = np.random.default_rng(seed)
        with tempfile.TemporaryDirectory() as folder:
            sound = Path(folder) / "said.wav"
            printed = self._run(text, sound, stretch=rng.uniform(0.75, 1.3))
            samples = read_speech(sound)
        phones: list[Phone] = []
        start_s = 0.0
        for name, end in (entry.split(":") for entry in printed.split()):
            end_s = float(end) + self.LATE_S
            phones.append(Phone(from_arpabet(name), start_s, end_s))
            start_s = end_s
        return finish(samples, phones, voice=self, text=text, rng=rng)

    def _run(self, text: str, sound: Path, *, stretch: float) -> str:
        if not flite_available():
            raise FileNotFoundError("The voices of flite need the program flite; install it (apt-get install flite).")
        command = ["flite", "-voice", self.speaker, "--setf", f"duration_stretch={stretch:.3f}", "-psdur"]
        done = subprocess.run([*command, "-t", text, "-o", str(sound)], capture_output=True, text=True, check=False)
        if done.returncode or not sound.exists():
            raise ValueError(f"flite could not say {text!r} as {self.speaker!r}: {done.stderr.strip() or 'no sound'}.")
        return done.stdout


def cast() -> tuple[Voice, ...]:
    """Every synthetic voice we use, in a fixed order, the held-out ones (split "test") last."""
    english = [("en-us", v) for v in ("f1", "f2", "f4", "m1", "m2", "m3", "m5", "m7", "klatt2", "anika", "michael")]
    english += [("en", v) for v in ("f3", "m4", "m6", "linda", "steph", "john")]
    others = [("de", "m3"), ("fr", "f2"), ("es", "m1"), ("it", "f4"), ("de", "f5"), ("es", "f1")]
    held_out = [("en-us", "f5"), ("en-us", "m8"), ("en", "belinda"), ("en", "max")]
    return (
        FliteVoice(speaker="slt", split="train"),
        FliteVoice(speaker="rms", split="train"),
        *(EspeakVoice(language=language, variant=variant, split="train") for language, variant in english + others),
        FliteVoice(speaker="awb", split="test"),
        *(EspeakVoice(language=language, variant=variant, split="test") for language, variant in held_out),
    )
