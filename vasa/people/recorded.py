"""Recorded speech with known phone times: LJ Speech and LibriVox sentences from folders that the user names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from vasa.audio.files import read_speech
from vasa.clock import CLOCK
from vasa.people.phones import Phone, from_arpabet, tile
from vasa.people.voices import Split, Utterance


def recorded_ljspeech(folder: Path) -> tuple[Utterance, ...]:
    """The sentences of LJ Speech (one American woman, public domain) that `alignment.json` times, sorted by name.

    Every fourth sentence is kept for measuring. Raises FileNotFoundError without `alignment.json`.
    """
    if not (folder / "alignment.json").is_file():
        raise FileNotFoundError(f"{folder} has no alignment.json; recordings are LJ Speech sentences with that file.")
    aligned = json.loads((folder / "alignment.json").read_text())
    return tuple(
        _utterance(
            folder / f"{name}.flac",
            [(p, start, length) for word in aligned[name]["alignment"] for p, start, length in word["phones"]],
            voice="ljspeech",
            text=aligned[name]["text"],
            split="test" if index % 4 == 3 else "train",
        )
        for index, name in enumerate(sorted(aligned))
    )


def recorded_librivox(folder: Path) -> tuple[Utterance, ...]:
    """LibriVox sentences with reference phone times (`*.phone.json`); all of them are kept for measuring."""
    found = []
    for path in sorted(folder.glob("*.phone.json")):
        read = json.loads(path.read_text())
        phones = [(p["t"], p["b"], p["d"]) for word in read["w"] for p in word["w"]]
        sound = path.with_name(path.name.replace(".phone.json", ".wav"))
        found.append(_utterance(sound, phones, voice="librivox", text=read["t"], split="test"))
    if not found:
        raise FileNotFoundError(f"No *.phone.json in {folder}; it holds LibriVox sentences with their phone times.")
    return tuple(found)


def _utterance(
    sound: Path, phones: list[tuple[str, float, float]], *, voice: str, text: str, split: Split
) -> Utterance:
    samples = read_speech(sound)
    filled = np.zeros(CLOCK.samples(CLOCK.frames_covering(len(samples))), np.float32)
    filled[: len(samples)] = samples
    timed = [Phone(from_arpabet(symbol), start, start + length) for symbol, start, length in phones]
    return Utterance(voice, text, split, filled, tile(timed, len(filled) / CLOCK.sample_rate))
