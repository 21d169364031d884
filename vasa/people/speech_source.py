"""Where a film gets its speech: voices and recordings, cut or joined to the length of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import numpy as np

from vasa.clock import CLOCK
from vasa.people.phones import SIL, Phone
from vasa.people.recorded import recorded_ljspeech
from vasa.people.sentences import sentence
from vasa.people.voices import Split, Utterance, Voice, cast

_SHORT = 50  # frames; few utterances are shorter
Item = TypeVar("Item")


@dataclass(frozen=True)
class SpeechSource:
    """Utterances of both splits; recordings come in a seventh of the clips where there are any."""

    voices: tuple[Voice, ...]
    recordings: tuple[Utterance, ...]

    def draw(self, rng: np.random.Generator, split: Split, frames: int) -> Utterance:
        """One clip's speech of exactly `frames`."""
        kept = [u for u in self.recordings if u.split == split]
        if kept and rng.random() < 1 / 7:
            say = partial(_one, kept, rng)
        else:
            say = partial(_say, _one([v for v in self.voices if v.split == split], rng), rng)
        pieces, most = [say()], max(4, frames // _SHORT)
        while sum(len(p.samples) for p in pieces) < CLOCK.samples(frames) and len(pieces) < most:
            pieces.append(say())
        lead = int(rng.integers(0, 25)) if rng.random() < 0.4 else 0
        return fit(join(pieces), frames, lead=min(lead, frames // 2))


def open_source(recordings: Path | None, voices: str | None = None) -> SpeechSource:
    """All synthetic voices, or those that `voices` names, and the recorded LJ Speech sentences of a folder if one is.

    voices: "module:function", where function() returns `vasa.people.voices.Voice`s of both splits; any text-to-speech
    that knows its phones' times can be one. Raises ValueError where it does not.
    """
    return SpeechSource(named_voices(voices) if voices else cast(), recorded_ljspeech(recordings) if recordings else ())


def named_voices(name: str) -> tuple[Voice, ...]:
    """What "module:function" returns; raises ValueError where that is no voices of both splits."""
    module, _, function = name.partition(":")
    try:
        voices = tuple(getattr(import_module(module), function)())
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"No voices come from {name!r} ({error}); write module:function of your own.") from error
    splits = {getattr(voice, "split", None) for voice in voices}
    if missing := {"train", "test"} - splits:
        raise ValueError(f"{name} gives no voice of split {' or '.join(sorted(missing))}; a film needs both.")
    return voices


def silence(frames: int) -> Utterance:
    """Nobody speaks."""
    seconds = frames / CLOCK.frame_rate
    return Utterance("", "", "train", np.zeros(CLOCK.samples(frames), np.float32), (Phone(SIL, 0.0, seconds),))


def join(pieces: list[Utterance]) -> Utterance:
    """Say one utterance after the other."""
    phones: list[Phone] = []
    start = 0.0
    for piece in pieces:
        phones += [Phone(p.symbol, p.start_s + start, p.end_s + start) for p in piece.phones]
        start += piece.duration_s
    text = " ".join(piece.text for piece in pieces)
    samples = np.concatenate([piece.samples for piece in pieces])
    return Utterance(pieces[0].voice, text, pieces[0].split, samples, tuple(phones))


def fit(said: Utterance, frames: int, *, lead: int) -> Utterance:
    """Begin after `lead` silent frames and last `frames`, by silence at the end or by a cut with a short fade."""
    total, seconds = CLOCK.samples(frames), frames / CLOCK.frame_rate
    before_s = lead / CLOCK.frame_rate
    samples = np.zeros(total, np.float32)
    heard = said.samples[: total - CLOCK.samples(lead)]
    samples[CLOCK.samples(lead) : CLOCK.samples(lead) + len(heard)] = heard
    samples[-160:] *= np.linspace(1, 0, 160, dtype=np.float32)
    moved = [Phone(SIL, 0.0, before_s)] if lead else []
    moved += [Phone(p.symbol, p.start_s + before_s, min(p.end_s + before_s, seconds)) for p in said.phones]
    phones = [p for p in moved if p.start_s < seconds and p.end_s > p.start_s]
    if phones[-1].end_s < seconds:
        phones.append(Phone(SIL, phones[-1].end_s, seconds))
    return Utterance(said.voice, said.text, said.split, samples, tuple(phones))


def _one(many: Sequence[Item], rng: np.random.Generator) -> Item:
    return many[int(rng.integers(len(many)))]


def _say(voice: Voice, rng: np.random.Generator) -> Utterance:
    return voice.say(sentence(rng, language=voice.language), seed=int(rng.integers(2**31)))
