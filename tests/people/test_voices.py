from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vasa.people import espeak
from vasa.people.corpus import speak_corpus
from vasa.people.phones import PHONES, SIL, Phone, from_arpabet, from_ipa, phone_track, tile
from vasa.people.recorded import recorded_librivox, recorded_ljspeech
from vasa.people.sentences import sentence
from vasa.people.voices import EspeakVoice, FliteVoice, Utterance, Voice, cast, flite_available

needs_espeak = pytest.mark.skipif(not espeak.available(), reason="needs libespeak-ng")
needs_flite = pytest.mark.skipif(not flite_available(), reason="needs flite")
TEXT = "My puppy, Bob, may hum."


@pytest.fixture(
    params=[pytest.param("espeak", marks=needs_espeak), pytest.param("flite", marks=needs_flite)], name="voice"
)
def _voice(request: pytest.FixtureRequest) -> Voice:
    if request.param == "espeak":
        return EspeakVoice(language="en-us", variant="f2", split="train")
    return FliteVoice(speaker="slt", split="train")


def loudness(said: Utterance, phone: Phone) -> float:
    heard = said.samples[round(phone.start_s * 16000) : round(phone.end_s * 16000)]
    return float(np.sqrt(np.mean(np.square(heard))))


def test_phones_cover_the_sound_without_a_gap(voice: Voice) -> None:
    said = voice.say(TEXT, seed=1)
    assert len(said.samples) % 640 == 0
    assert said.phones[0].start_s == 0
    assert said.phones[-1].end_s == len(said.samples) / 16000
    assert all(a.end_s == b.start_s for a, b in zip(said.phones, said.phones[1:], strict=False))


def test_sentence_starts_and_ends_in_silence_and_sounds_between(voice: Voice) -> None:
    said = voice.say(TEXT, seed=1)
    assert said.phones[0].symbol == SIL == said.phones[-1].symbol
    spoken = [phone.symbol for phone in said.phones if phone.symbol != SIL]
    assert spoken[:2] == ["M", "AY"]
    assert spoken[-3:] == ["HH", "AH", "M"]


def test_closures_are_quieter_than_vowels(voice: Voice) -> None:
    said = voice.say(TEXT, seed=1)
    stops = [loudness(said, p) for p in said.phones if p.symbol in ("P", "B")]
    vowels = [loudness(said, p) for p in said.phones if p.symbol in ("AY", "AH", "AA", "IY", "EY")]
    assert max(stops) < np.mean(vowels)


def test_a_seed_repeats_exactly_whatever_was_said_before(voice: Voice) -> None:
    first = voice.say(TEXT, seed=7)
    voice.say("Something else.", seed=8)
    again = voice.say(TEXT, seed=7)
    np.testing.assert_array_equal(first.samples, again.samples)
    assert first.phones == again.phones
    assert len(voice.say(TEXT, seed=9).samples) != len(first.samples)


@needs_espeak
def test_an_unknown_espeak_voice_is_named() -> None:
    with pytest.raises(ValueError, match="xx-nowhere"):
        EspeakVoice(language="xx-nowhere", variant="m1", split="train").say("hello", seed=0)


def test_ipa_becomes_the_nearest_sounds() -> None:
    assert from_ipa("ɑːɹ") == ("AA", "R")
    assert from_ipa("tʃ") == ("CH",)
    assert from_ipa("") == (SIL,)
    assert from_arpabet("ah0") == "AH"
    assert from_arpabet("pau") == SIL
    with pytest.raises(ValueError, match="QQ"):
        from_arpabet("QQ")


def test_tile_fills_holes_and_tracks_say_what_sounds() -> None:
    tiled = tile([Phone("M", 0.2, 0.4), Phone("AA", 0.4, 0.7)], 1.0)
    assert [p.symbol for p in tiled] == [SIL, "M", "AA", SIL]
    track = phone_track(tiled, np.array([0.1, 0.3, 0.5, 0.9, 1.5]))
    assert [PHONES[i] for i in track] == [SIL, "M", "AA", SIL, SIL]


def test_held_out_voices_are_nobody_elses() -> None:
    names = [voice.name for voice in cast()]
    assert len(set(names)) == len(names)
    assert {voice.split for voice in cast()} == {"train", "test"}


def test_sentences_repeat_with_their_seed_and_are_endless() -> None:
    assert sentence(np.random.default_rng(3)) == sentence(np.random.default_rng(3))
    rng = np.random.default_rng(0)
    assert len({sentence(rng) for _ in range(200)}) > 150
    with pytest.raises(ValueError, match="xx"):
        sentence(rng, language="xx")


@needs_espeak
def test_a_corpus_resumes_and_keeps_what_it_has(tmp_path: Path) -> None:
    voices = (EspeakVoice(language="en-us", variant="m1", split="train"),)
    path = speak_corpus(tmp_path / "c", hours=0.002, seed=0, voices=voices)
    first = json.loads(path.read_text())
    stamp = (tmp_path / "c" / "000000.flac").stat().st_mtime_ns
    longer = json.loads(speak_corpus(tmp_path / "c", hours=0.004, seed=0, voices=voices).read_text())
    assert longer["items"][: len(first["items"])] == first["items"]
    assert len(longer["items"]) > len(first["items"])
    assert (tmp_path / "c" / "000000.flac").stat().st_mtime_ns == stamp
    with pytest.raises(ValueError, match="seed"):
        speak_corpus(tmp_path / "c", hours=0.002, seed=1, voices=voices)


def test_recordings_name_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        recorded_ljspeech(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"phone\.json"):
        recorded_librivox(tmp_path)
