"""Paired films: who and what vary one at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vasa.people.clip import Script
from vasa.people.film import Plan
from vasa.people.paired import ANGLES, FACES, grid, paired_clips
from vasa.people.phones import Phone
from vasa.people.speech_source import SpeechSource
from vasa.people.voices import Split, Utterance

FILES = tuple(Path(f"{group}_{sex}_{n}.glb") for group in "abcdef" for sex in "FM" for n in range(3))
PEOPLE = 3


class Speaker:
    """A voice that says two sounds; kept for measuring."""

    name, language = "speaker", "en"

    def __init__(self, split: Split = "test") -> None:
        self.split: Split = split

    def say(self, text: str, *, seed: int) -> Utterance:
        samples = np.random.default_rng(seed).normal(0, 0.1, 640 * 200).astype(np.float32)
        return Utterance(self.name, text, self.split, samples, (Phone("M", 0.0, 4.0), Phone("AA", 4.0, 8.0)))


def _script(index: int, seed: int = 0) -> Script:
    plan = Plan(Path("film"), Path("avatars"), people=PEOPLE, clips=9, size=32, seed=seed, paired=True)
    return plan.script(index, FILES, SpeechSource((Speaker(),), ()))


def test_one_motion_is_acted_by_all() -> None:
    first, second, other = _script(PEOPLE), _script(PEOPLE + 1), _script(2 * PEOPLE)
    assert (first.motion, second.motion, other.motion) == (0, 0, 1)
    assert (first.who.number, second.who.number, other.who.number) == (15, 31, 15)
    np.testing.assert_array_equal(first.acted.expression, second.acted.expression)
    np.testing.assert_array_equal(first.acted.motion.head, second.acted.motion.head)
    np.testing.assert_array_equal(first.said.samples, second.said.samples)
    assert first.look.distance == second.look.distance
    length = min(len(first.acted.blink), len(other.acted.blink))
    assert np.abs(first.acted.motion.head[:length] - other.acted.motion.head[:length]).max() > 0.01


def test_a_person_looks_the_same_in_all_clips_and_is_never_trained_on() -> None:
    shown = [_script(row * PEOPLE + 1) for row in range(3)]
    for script in shown:
        np.testing.assert_array_equal(script.look.backdrop, shown[0].look.backdrop)
        assert script.who.split == "test"
        assert script.who.body == shown[0].who.body


def test_the_grid_crosses_angles_with_faces() -> None:
    acted = grid()
    count = len(FACES)
    assert len(acted.blink) == len(ANGLES) * count
    for angle in range(len(ANGLES)):
        rows = slice(angle * count, (angle + 1) * count)
        np.testing.assert_array_equal(acted.motion.head[rows], [ANGLES[angle]] * count)
        np.testing.assert_array_equal(acted.expression[rows], acted.expression[:count])
    assert len(np.unique(acted.expression[:count], axis=0)) == count
    assert len({tuple(row) for row in ANGLES}) == len(ANGLES)
    script = _script(0)
    assert (script.kind, script.motion, len(script.said.samples)) == ("grid", None, 640 * len(acted.blink))


def test_clips_are_grids_and_motions_of_everybody() -> None:
    assert paired_clips(3, 2) == 9
