from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from vasa.audio.augment import Augmentation, coloured_noise, pace, room, throat
from vasa.audio.files import read_speech, write_speech
from vasa.audio.scoring import auc, collapse, edit_distance, f1
from vasa.audio.training import AudioTraining
from vasa.config import instantiate, leaf
from vasa.data.speech import Piece, Recording, SpeechBatch, SpeechPieces, collate, cut, read_corpus, spoken_phones
from vasa.people.phones import PHONE_INDEX, PHONES, Phone


def corpus(folder: Path) -> Path:
    """Two sentences of tones: M is low, S is high."""
    times = np.arange(32000) / 16000
    items = []
    for index in range(2):
        hertz = np.where((times * 4).astype(int) % 2 == index, 200, 3000)
        write_speech(folder / f"{index:06d}.flac", 0.3 * np.sin(2 * np.pi * hertz * times))
        names = ["M", "S"] if index == 0 else ["S", "M"]
        phones = [[names[n % 2], n / 4, (n + 1) / 4] for n in range(8)]
        items.append({"file": f"{index:06d}.flac", "voice": "tone", "text": "", "split": "train", "phones": phones})
    (folder / "speech.json").write_text(json.dumps({"version": 1, "phones": PHONES, "items": items}))
    return folder


def test_files_come_back(tmp_path: Path) -> None:
    samples = np.linspace(-0.5, 0.5, 1280, dtype=np.float32)
    write_speech(tmp_path / "a.flac", samples)
    np.testing.assert_allclose(read_speech(tmp_path / "a.flac"), samples, atol=1e-4)


def test_a_piece_carries_its_phones(tmp_path: Path) -> None:
    recording = read_corpus(corpus(tmp_path))[0]
    for seed in range(8):
        piece, phones = cut(recording, 25, 23, np.random.default_rng(seed))
        steps = collate([Piece(piece, piece, phones)]).steps[0]
        assert len(piece) == 16000
        assert len(steps) == 50
        high = torch.from_numpy(np.abs(np.diff(piece, append=0)).reshape(50, 320).mean(1) > 0.1)
        assert (high == (steps == PHONE_INDEX["S"])).float().mean() > 0.85


def test_a_short_sentence_lies_in_silence(tmp_path: Path) -> None:
    piece, phones = cut(read_corpus(corpus(tmp_path))[0], 75, 20, np.random.default_rng(0))
    steps = collate([Piece(piece, piece, phones)]).steps[0]
    assert (steps == 0).sum() == 50
    assert (np.abs(piece.reshape(-1, 320)[(steps == 0).numpy()]).mean(1) == 0).sum() >= 49


def test_phones_are_heard_by_their_middles() -> None:
    phones = (Phone("M", -0.3, 0.1), Phone("AA", 0.1, 0.3), Phone("SIL", 0.3, 0.9), Phone("S", 0.9, 1.3))
    assert spoken_phones(phones, 1.0) == [PHONE_INDEX["AA"]]


def test_a_folder_that_is_no_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"speech\.json"):
        read_corpus(tmp_path)
    (tmp_path / "speech.json").write_text(json.dumps({"phones": ["X"], "items": []}))
    with pytest.raises(ValueError, match="phones"):
        read_corpus(tmp_path)


def test_augmentation_keeps_the_length_and_obeys_its_settings() -> None:
    samples = np.sin(np.arange(16000) * 0.1).astype(np.float32)
    changed = Augmentation(snr_db=(60, 60), tilt_db=0, wet=0, level_db=(-20, -20), formants=(1, 1))
    dry = changed(samples, np.random.default_rng(0))
    assert dry.shape == samples.shape
    assert np.corrcoef(dry, samples)[0, 1] > 0.99
    assert 20 * np.log10(np.sqrt(np.mean(np.square(dry)))) == pytest.approx(-20, abs=0.5)
    noisy = Augmentation(snr_db=(0, 0), tilt_db=0, wet=0)(samples, np.random.default_rng(0))
    assert np.corrcoef(noisy, samples)[0, 1] < 0.9


def test_noise_rooms_and_pace() -> None:
    rng = np.random.default_rng(0)
    assert np.sqrt(np.mean(np.square(coloured_noise(16000, rng)))) == pytest.approx(1)
    response = room(0.3, rng)
    assert np.abs(response).argmax() == 0
    assert np.square(response[:800]).sum() > 10 * np.square(response[-800:]).sum()
    assert len(pace(np.zeros(2000, np.float32), 23)) == 2300


def vowel(*formants: float) -> np.ndarray:
    """A second of a voice of 100 Hz in a throat with these formants, all as wide."""
    said = np.zeros(16000)
    said[::160] = 1
    for hertz in formants:
        angle, radius = 2 * np.pi * hertz / 16000, np.exp(-np.pi * 150 / 16000)
        said = lfilter([1], [1, -2 * radius * np.cos(angle), radius**2], said)
    return (said / np.abs(said).max()).astype(np.float32)


def harmonics(samples: np.ndarray) -> np.ndarray:
    """How loud 100, 200, ... Hz are."""
    return np.abs(np.fft.rfft(samples[3200:12800]))[60::60]


def test_another_throat_says_the_same_vowel_with_formants_elsewhere() -> None:
    higher, lower = (harmonics(throat(vowel(1000.0), ratio))[:30].argmax() for ratio in (1.25, 0.8))
    assert (harmonics(vowel(1000.0)).argmax() + 1) * 100 == 1000
    assert abs(100 * (higher + 1) - 1250) <= 100
    assert abs(100 * (lower + 1) - 800) <= 100


def test_another_throat_keeps_the_pitch() -> None:
    spectrum = np.abs(np.fft.rfft(throat(vowel(700.0, 1800.0), 1.2)[3200:12800]))
    between = np.delete(spectrum[:1800], np.arange(0, 1800, 60)[:, None] + np.arange(-2, 3))
    assert between.max() < 0.05 * spectrum.max()


def test_the_same_throat_changes_nothing() -> None:
    np.testing.assert_allclose(throat(vowel(700.0), 1.0), vowel(700.0), atol=1e-5)


def test_scores_of_known_cases() -> None:
    assert edit_distance([1, 2, 3], [1, 3, 3, 4]) == 2
    assert collapse(torch.tensor([9, 1, 1, 9, 1, 2, 2]), 9) == [1, 1, 2]
    assert auc(torch.tensor([0.1, 0.2, 0.8, 0.9]), torch.tensor([False, False, True, True])) == 1
    assert f1(torch.tensor([True, True, False]), torch.tensor([True, False, False])) == pytest.approx(2 / 3)


def test_training_learns_one_utterance(tmp_path: Path) -> None:
    torch.manual_seed(0)
    pieces = SpeechPieces(
        folder=str(corpus(tmp_path)), ljspeech=None, recorded=0.5, batch_s=2.0, lengths_s=(1.0, 1.0),
        augmentation=Augmentation(wet=0, snr_db=(40, 40), level_db=(-20, -20)), seed=0,
    )  # fmt: skip
    module = AudioTraining(
        encoder=instantiate(leaf("audio", "tiny")), phones=PHONES, held_out={}, window=10, learning_rate=3e-3,
        warmup=1, steps=1000, sequence_weight=0.3, time_weight=1.0, closure_weight=1.0,
    )  # fmt: skip
    batch = pieces[0]
    assert batch.samples.shape == (2, 16000)
    assert batch.samples.equal(pieces[0].samples)  # a run that goes on hears what it would have heard
    assert not batch.samples.equal(pieces[1].samples)
    optimizer = torch.optim.AdamW(module.parameters(), lr=3e-3)
    seen = []
    for _ in range(40):
        losses = module.losses(*batch)
        loss = losses["time"] + 0.3 * losses["sequence"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen.append(loss.item())
    assert seen[-1] < 0.5 * seen[0]


def keeping(folder: Path, keep: float) -> tuple[AudioTraining, SpeechBatch]:
    """A module that began with an encoder whose features it keeps, and a batch."""
    torch.manual_seed(0)
    pieces = SpeechPieces(
        folder=str(corpus(folder)), ljspeech=None, recorded=0.5, batch_s=2.0, lengths_s=(1.0, 1.0),
        augmentation=Augmentation(), seed=0,
    )  # fmt: skip
    module = AudioTraining(
        encoder=instantiate(leaf("audio", "tiny")), phones=PHONES, held_out={}, window=10, learning_rate=3e-3,
        warmup=1, steps=10, sequence_weight=0.3, time_weight=1.0, closure_weight=1.0, keep=keep,
    )  # fmt: skip
    return module, pieces[0]


def test_features_of_what_was_said_are_kept(tmp_path: Path) -> None:
    module, batch = keeping(tmp_path, keep=1.0)
    as_said = batch._replace(samples=batch.said)
    assert module.losses(*as_said)["keep"] == 0
    assert module.losses(*batch)["keep"] > 0.01
    before = [weight.clone() for weight in module.begun.parameters()]
    optimizer = torch.optim.AdamW(module.encoder.parameters(), lr=3e-3)
    kept = []
    for _ in range(40):
        optimizer.zero_grad()
        kept.append(module.losses(*batch)["keep"])
        kept[-1].backward()
        optimizer.step()
    assert kept[-1] < 0.7 * kept[0]
    assert all(torch.equal(a, b) for a, b in zip(before, module.begun.parameters(), strict=True))


def test_new_heads_learn_alone_at_first(tmp_path: Path) -> None:
    module, batch = keeping(tmp_path, keep=1.0)
    module.heads_first = 1
    losses = module.losses(*batch)
    (losses["time"] + losses["sequence"]).backward()
    assert all(weight.grad is None for weight in module.encoder.parameters())
    assert module.time_head.weight.grad is not None


def test_nothing_is_kept_unless_asked(tmp_path: Path) -> None:
    module, batch = keeping(tmp_path, keep=0.0)
    assert module.losses(*batch).keys() == {"time", "sequence"}
    assert module.begun is None


def test_a_recording_is_read_once(tmp_path: Path) -> None:
    recording = Recording(corpus(tmp_path) / "000000.flac", "tone", "train", ())
    assert recording.samples is recording.samples
