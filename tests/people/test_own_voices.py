"""Voices of the user's own, and sound as rooms change it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vasa.clock import CLOCK
from vasa.people.film import Plan
from vasa.people.phones import SIL, Phone
from vasa.people.speech_source import SpeechSource, named_voices, open_source
from vasa.people.voices import Split, Utterance

FILES = tuple(Path(f"White_{sex}_{n}.glb") for sex in "FM" for n in range(4))


class Hum:
    """Says every sentence as a second of a low tone."""

    language = "en"

    def __init__(self, split: Split) -> None:
        self.name, self.split = f"hum-{split}", split

    def say(self, text: str, *, seed: int) -> Utterance:
        samples = 0.1 * np.sin(np.arange(CLOCK.samples(25)) * 0.05).astype(np.float32)
        phones = (Phone(SIL, 0.0, 0.2), Phone("M", 0.2, 0.8), Phone(SIL, 0.8, 1.0))
        return Utterance(self.name, text, self.split, samples, phones)


def voices() -> list[Hum]:
    return [Hum("train"), Hum("test")]


def one() -> list[Hum]:
    return [Hum("train")]


def test_a_film_speaks_with_the_voices_that_are_named() -> None:
    source = open_source(None, f"{__name__}:voices")
    said = source.draw(np.random.default_rng(0), "test", 60)
    assert said.voice == "hum-test"
    assert len(said.samples) == CLOCK.samples(60)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_module:voices", "No voices come from 'no_such_module:voices'"),
        (f"{__name__}:nothing", "No voices come from"),
        (f"{__name__}:one", "no voice of split test"),
    ],
)
def test_other_names_are_refused(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        named_voices(name)


def test_rooms_change_the_sound_and_nothing_else(tmp_path: Path) -> None:
    speech = open_source(None, f"{__name__}:voices")
    dry = Plan(tmp_path, tmp_path, people=1, clips=1, size=32, seed=1)
    plain, heard = dry.script(0, FILES, speech), replace(dry, rooms=True).script(0, FILES, speech)
    assert not np.array_equal(plain.said.samples, heard.said.samples)
    assert plain.said.phones == heard.said.phones
    np.testing.assert_array_equal(plain.acted.expression, heard.acted.expression)
    again = replace(dry, rooms=True).script(0, FILES, speech)
    np.testing.assert_array_equal(again.said.samples, heard.said.samples)


@pytest.mark.parametrize("frames", [13, 21, 60])
def test_short_clips_are_no_longer_silent_than_spoken(frames: int) -> None:
    speech = SpeechSource((Hum("train"), Hum("test")), ())
    for seed in range(20):
        said = speech.draw(np.random.default_rng(seed), "train", frames)
        assert len(said.samples) == CLOCK.samples(frames)
        assert np.flatnonzero(said.samples)[0] <= CLOCK.samples(frames) / 2 + 1
        assert said.phones[-1].end_s == pytest.approx(frames / CLOCK.frame_rate)
