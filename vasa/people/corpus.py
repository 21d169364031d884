"""A speech corpus of virtual voices: sound files and the time of every phone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from vasa.audio.files import write_speech
from vasa.people.phones import PHONES
from vasa.people.sentences import sentence
from vasa.people.voices import FliteVoice, Utterance, Voice, cast, check_programs
from vasa.whole import beside

VERSION = 1
_BATCH = 16


def speak_corpus(
    folder: Path,
    *,
    hours: float,
    seed: int,
    workers: int = 1,
    voices: tuple[Voice, ...] | None = None,
    progress: Callable[[float], None] = lambda _hours: None,
) -> Path:
    """Make `hours` of speech in `folder` and return its `speech.json`; files that exist are kept, so it resumes.

    Utterance n depends on (seed, n) alone. `progress` is told the hours done so far. Raises ValueError where the
    folder holds a corpus of another seed, and FileNotFoundError where the programs that speak are missing.
    """
    if hours <= 0:
        raise ValueError(f"A corpus needs a positive number of hours; got {hours}.")
    if voices is None:
        check_programs()
    _claim(folder, seed)
    items: list[dict[str, object]] = []
    done_s = 0.0
    for item in _items(folder, seed, workers, cast() if voices is None else voices):
        items.append(item)
        done_s += item["phones"][-1][2]  # type: ignore[index]
        progress(done_s / 3600)
        if done_s >= hours * 3600:
            break
    path = folder / "speech.json"
    path.write_text(json.dumps({"version": VERSION, "seed": seed, "phones": PHONES, "items": items}))
    return path


def _claim(folder: Path, seed: int) -> None:
    """Mark the folder with the seed, so that two corpora never mix."""
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / "seed.json"
    if marker.exists() and json.loads(marker.read_text()) != seed:
        raise ValueError(f"{folder} holds a corpus of seed {marker.read_text()}, not {seed}; name another folder.")
    marker.write_text(json.dumps(seed))


def _items(folder: Path, seed: int, workers: int, voices: tuple[Voice, ...]) -> Iterator[dict[str, object]]:
    make = partial(_make, folder=folder, seed=seed, voices=voices)
    with ProcessPoolExecutor(workers) as pool:
        first = 0
        while True:
            yield from pool.map(make, range(first, first + _BATCH * workers), chunksize=_BATCH)
            first += _BATCH * workers


def _make(index: int, *, folder: Path, seed: int, voices: tuple[Voice, ...]) -> dict[str, object]:
    """Say utterance `index`, unless its two files exist, and describe it."""
    sound, note = folder / f"{index:06d}.flac", folder / f"{index:06d}.json"
    if not note.exists():
        said = _say(index, seed, voices)
        write_speech(sound, said.samples)
        phones = [[phone.symbol, round(phone.start_s, 4), round(phone.end_s, 4)] for phone in said.phones]
        kept = {"file": sound.name, "voice": said.voice, "text": said.text, "split": said.split, "phones": phones}
        with beside(note) as file:
            file.write_text(json.dumps(kept))
    read: dict[str, object] = json.loads(note.read_text())
    return read


def _say(index: int, seed: int, voices: tuple[Voice, ...]) -> Utterance:
    rng = np.random.default_rng((seed, index))
    # Voices made from recordings count more: recorded speech is where the encoder has to work.
    weights = np.array([6.0 if isinstance(voice, FliteVoice) and voice.split == "train" else 1.0 for voice in voices])
    voice = voices[int(rng.choice(len(voices), p=weights / weights.sum()))]
    return voice.say(sentence(rng, language=voice.language), seed=int(rng.integers(2**31)))
