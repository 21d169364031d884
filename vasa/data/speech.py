"""Speech with phone times as batches: pieces of random length, changed as rooms and microphones do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vasa.audio.augment import TWENTIETHS, Augmentation, pace
from vasa.audio.files import read_speech
from vasa.clock import CLOCK
from vasa.people.phones import PHONE_INDEX, PHONES, SIL, Phone, phone_track
from vasa.people.recorded import recorded_librivox, recorded_ljspeech
from vasa.people.voices import Utterance

STEPS_PER_S = 50  # the rate at which phones are learned: two a frame


@dataclass(frozen=True)
class Recording:
    """A sound file, its voice, and its phones."""

    path: Path
    voice: str
    split: str
    phones: tuple[Phone, ...]

    @cached_property
    def samples(self) -> np.ndarray:
        """Float32 [S] at 16 kHz, read when first asked for."""
        return read_speech(self.path)


class Piece(NamedTuple):
    """What is heard [S] of what was said [S] before throats, rooms and microphones changed it, and its phones."""

    heard: np.ndarray
    said: np.ndarray
    phones: tuple[Phone, ...]


class SpeechBatch(NamedTuple):
    """Pieces of speech of one length."""

    samples: Tensor  # [B, S]
    said: Tensor  # [B, S] the same before it was changed
    steps: Tensor  # [B, S / 320] index of the phone at the middle of every 20 ms
    targets: Tensor  # [N] the phones of all pieces in a row, without silences
    target_lengths: Tensor  # [B]


def read_corpus(folder: Path) -> tuple[Recording, ...]:
    """The recordings that `vasa people speak` made.

    Raises FileNotFoundError where the folder is no speech corpus, ValueError where its phones are not ours.
    """
    path = folder / "speech.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} is no speech corpus: it has no speech.json. Make one with vasa people speak."
        )
    corpus = json.loads(path.read_text())
    if tuple(corpus["phones"]) != PHONES:
        raise ValueError(f"{path} counts its phones differently from this vasa; make it again with vasa people speak.")
    return tuple(
        Recording(folder / item["file"], item["voice"], item["split"], tuple(Phone(*phone) for phone in item["phones"]))
        for item in corpus["items"]
    )


def held_out(
    folder: Path, *, ljspeech: Path | None, librivox: Path | None, synthetic: int
) -> dict[str, list[Recording | Utterance]]:
    """What nothing is trained on, by kind: `synthetic` sentences of held-out voices, and recorded sentences."""
    groups: dict[str, list[Recording | Utterance]] = {}
    kept: list[Recording | Utterance] = [recording for recording in read_corpus(folder) if recording.split == "test"]
    for kind in ("espeak", "flite"):
        groups[kind] = [recording for recording in kept if recording.voice.startswith(kind)][:synthetic]
    if ljspeech is not None:
        groups["ljspeech"] = [said for said in recorded_ljspeech(ljspeech) if said.split == "test"]
    if librivox is not None:
        groups["librivox"] = list(recorded_librivox(librivox))
    return groups


class SpeechPieces(Dataset[SpeechBatch]):
    """Batches of training pieces without end: batch n depends on (seed, n) alone.

    batch_s: seconds of sound in a batch; lengths_s: shortest and longest piece; ljspeech: a folder of recorded
    sentences, drawn with chance `recorded`; augmentation: how pieces are changed.
    """

    def __init__(
        self,
        *,
        folder: str,
        ljspeech: str | None,
        recorded: float,
        batch_s: float,
        lengths_s: tuple[float, float],
        augmentation: Augmentation,
        seed: int,
    ) -> None:
        self.spoken = [recording for recording in read_corpus(Path(folder)) if recording.split == "train"]
        sentences = recorded_ljspeech(Path(ljspeech)) if ljspeech is not None else ()
        self.recordings = [said for said in sentences if said.split == "train"]
        self.recorded = recorded if self.recordings else 0.0
        self.batch_s, self.lengths_s, self.augmentation, self.seed = batch_s, lengths_s, augmentation, seed
        if not self.spoken:
            raise ValueError(f"{folder} holds no sentence of split train; make a longer corpus.")

    def __len__(self) -> int:
        return 1 << 40

    def __getitem__(self, number: int) -> SpeechBatch:
        rng = np.random.default_rng((self.seed, number))
        frames = CLOCK.frames_in(rng.uniform(*self.lengths_s))
        size = max(1, round(self.batch_s * CLOCK.frame_rate / frames))
        return collate([self._piece(frames, rng) for _ in range(size)])

    def _piece(self, frames: int, rng: np.random.Generator) -> Piece:
        pool: Sequence[Recording | Utterance] = self.recordings if rng.random() < self.recorded else self.spoken
        said = pool[int(rng.integers(len(pool)))]
        samples, phones = cut(said, frames, int(rng.choice(TWENTIETHS)), rng)
        return Piece(self.augmentation(samples, rng), samples, phones)


def cut(
    said: Recording | Utterance, frames: int, twentieths: int, rng: np.random.Generator
) -> tuple[np.ndarray, tuple[Phone, ...]]:
    """A random piece of `frames` at this pace, silence around a sentence that is too short; phone times follow."""
    size = CLOCK.samples(frames)
    wanted = -(-size * 20 // twentieths)
    start = int(rng.integers(min(0, len(said.samples) - wanted), max(0, len(said.samples) - wanted) + 1))
    piece = np.zeros(wanted, np.float32)
    heard = said.samples[max(start, 0) : start + wanted]
    piece[max(-start, 0) : max(-start, 0) + len(heard)] = heard
    factor, shift = twentieths / 20, start / CLOCK.sample_rate
    moved = tuple(Phone(p.symbol, (p.start_s - shift) * factor, (p.end_s - shift) * factor) for p in said.phones)
    return pace(piece, twentieths)[:size], moved


def step_phones(phones: Sequence[Phone], steps: int) -> np.ndarray:
    """The phone at the middle of every 20 ms: int16 [steps]; silence before the first."""
    times = (np.arange(steps) + 0.5) / STEPS_PER_S
    return np.where(times < phones[0].start_s, PHONE_INDEX[SIL], phone_track(phones, times))


def spoken_phones(phones: Sequence[Phone], end_s: float) -> list[int]:
    """Indices of the phones whose middle is heard between 0 and `end_s`, without silences."""
    heard = (p for p in phones if 0 <= (p.start_s + p.end_s) / 2 < end_s and p.symbol != SIL)
    return [PHONE_INDEX[phone.symbol] for phone in heard]


def collate(pieces: Sequence[Piece]) -> SpeechBatch:
    """Pieces of one length -> a batch."""
    samples = torch.from_numpy(np.stack([piece.heard for piece in pieces]))
    said = torch.from_numpy(np.stack([piece.said for piece in pieces]))
    count = samples.shape[-1] * STEPS_PER_S // CLOCK.sample_rate
    steps = torch.from_numpy(np.stack([step_phones(piece.phones, count) for piece in pieces])).long()
    targets = [spoken_phones(piece.phones, count / STEPS_PER_S) for piece in pieces]
    joined = torch.tensor([index for one in targets for index in one])
    return SpeechBatch(samples, said, steps, joined, torch.tensor([*map(len, targets)]))
