"""What virtual people do in time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from vasa.clock import CLOCK
from vasa.people.avatar import EXPRESSION_INDEX
from vasa.people.behaviour import Performance, phrase_ends, roam, speak, stressed_frames, style
from vasa.people.direction import Direction, direction
from vasa.people.emotions import FACES, POSTURES
from vasa.people.eyes import blink_track, far_shifts
from vasa.people.head_motion import bearing
from vasa.people.phones import Phone
from vasa.people.speech_source import fit, join, silence
from vasa.people.visemes import mouth_track
from vasa.people.voices import Utterance
from vasa.types import EMOTIONS

SAID = (
    Phone("SIL", 0.0, 0.3),
    Phone("M", 0.3, 0.38),
    Phone("AA", 0.38, 0.55),
    Phone("P", 0.55, 0.6),
    Phone("AA", 0.6, 0.8),
    Phone("F", 0.8, 0.9),
    Phone("IY", 0.9, 1.1),
    Phone("SIL", 1.1, 1.6),
)


def _perform(seed: int, *, wide: bool = False) -> Performance:
    rng = np.random.default_rng(seed)
    samples = np.sin(np.arange(CLOCK.samples(40)) / 20).astype(np.float32)
    return speak(rng, SAID, samples, style(rng), wide=wide)


def test_one_seed_is_one_performance() -> None:
    first, again, other = _perform(1), _perform(1), _perform(2)
    np.testing.assert_array_equal(first.expression, again.expression)
    np.testing.assert_array_equal(first.motion.head, again.motion.head)
    assert np.abs(first.motion.head - other.motion.head).max() > 0.01


def test_lips_close_completely_for_m_and_p_and_open_for_the_vowel() -> None:
    track = mouth_track(SAID, 40)
    shut, wide = track[:, EXPRESSION_INDEX["MPB_Up"]], track[:, EXPRESSION_INDEX["AE_AA"]]
    times = (np.arange(40) + 0.5) / 25
    for phone in (SAID[1], SAID[3]):
        middle = np.argmin(np.abs(times - (phone.start_s + phone.end_s) / 2))
        assert shut[middle] > 0.99
        assert wide[middle] < 0.01
    vowel = np.argmin(np.abs(times - 0.47))
    assert wide[vowel] > 0.5
    assert shut[vowel] < 0.3


def test_f_puts_the_teeth_on_the_lip_and_silence_closes_the_mouth() -> None:
    track = mouth_track(SAID, 40)
    assert track[21, EXPRESSION_INDEX["FV"]] > 0.95
    still = track[32:38]
    assert still[:, EXPRESSION_INDEX["MPB_Up"]].min() > 0.5
    assert still[:, EXPRESSION_INDEX["AE_AA"]].max() < 0.02


def test_effort_never_weakens_a_closure() -> None:
    shut = EXPRESSION_INDEX["MPB_Down"]
    quiet, loud = mouth_track(SAID, 40, effort=0.5), mouth_track(SAID, 40, effort=1.2)
    assert quiet[14, shut] > 0.99 < loud[14, shut] + 0.01
    assert quiet[17, EXPRESSION_INDEX["AE_AA"]] < loud[17, EXPRESSION_INDEX["AE_AA"]]


def test_emotions_are_weights_and_heads_stay_in_reach() -> None:
    for seed in range(8):
        acted = _perform(seed, wide=seed % 2 == 0)
        np.testing.assert_allclose(acted.emotion.sum(1), 1, atol=1e-9)
        assert acted.emotion.shape == (40, len(EMOTIONS))
        assert np.rad2deg(np.abs(acted.motion.head)).max(0).tolist() <= [38, 22, 22]
        assert acted.expression.min() >= 0


@pytest.mark.parametrize("occasions", [0, 200, 2000])
def test_blinks_come_at_the_asked_rate(occasions: int) -> None:
    frames = 25 * 60 * 20
    rng = np.random.default_rng(0)
    shut = blink_track(rng, frames, per_minute=18, occasions=np.sort(rng.choice(frames, occasions, False))) > 0.5
    rate = np.sum(shut[1:] & ~shut[:-1]) / 20
    assert 14 < rate < 20


def test_people_blink_where_phrases_end_and_gaze_shifts() -> None:
    frames = 25 * 60 * 20
    occasions = np.arange(100, frames, 100)
    shut = blink_track(np.random.default_rng(0), frames, per_minute=18, occasions=occasions) > 0
    at_them = shut[occasions].mean()
    assert at_them > 3 * shut[occasions - 50].mean()
    look = np.zeros((60, 2))
    look[20:], look[40:] = (0.3, 0.0), (0.32, 0.0)
    assert far_shifts(look).tolist() == [18]


def test_phrases_end_where_speech_falls_silent() -> None:
    assert phrase_ends(SAID, 40).tolist() == [27]
    assert not len(phrase_ends((Phone("SIL", 0.0, 1.6),), 40))


def test_the_head_takes_a_new_bearing_after_a_phrase() -> None:
    held = bearing(np.random.default_rng(0), 200, np.array([100]))
    assert np.abs(held[50] - held[150]).max() > 0.005
    np.testing.assert_allclose(held[:80], held[:1].repeat(80, 0), atol=1e-5)


def test_moods_show_in_face_head_and_gaze() -> None:
    sad, glad = EMOTIONS.index("sadness"), EMOTIONS.index("happiness")
    assert POSTURES[sad, 1] < POSTURES[glad, 1] - 0.1
    apart = [np.linalg.norm(FACES[i] - FACES[j]) for i, j in itertools.combinations(range(len(EMOTIONS)), 2)]
    assert min(apart) > 1.0


def test_whoever_is_directed_looks_at_the_place_and_feels_what_was_said() -> None:
    rng = np.random.default_rng(3)
    place, fear = np.tile([0.35, -0.2], (40, 1)), np.tile(np.eye(len(EMOTIONS))[EMOTIONS.index("fear")], (40, 1))
    samples = np.sin(np.arange(CLOCK.samples(40)) / 20).astype(np.float32)
    told = speak(rng, SAID, samples, style(rng), wide=False, told=Direction(place, fear))
    np.testing.assert_allclose(np.median(told.look, axis=0), [0.35, -0.2], atol=0.06)
    np.testing.assert_array_equal(told.emotion, fear)
    assert told.expression[:, EXPRESSION_INDEX["Rpityful"]].mean() > 0.8


def test_directions_reach_all_emotions_and_far_to_the_sides() -> None:
    given = [direction(np.random.default_rng(seed), 200) for seed in range(80)]
    feelings = np.stack([one.emotion for one in given])
    np.testing.assert_allclose(feelings.sum(-1), 1)
    assert feelings.min() >= 0
    shown = np.bincount(feelings.argmax(-1).ravel(), minlength=len(EMOTIONS)) / feelings[..., 0].size
    np.testing.assert_allclose(shown, 1 / len(EMOTIONS), atol=0.06)
    changes = (np.diff(feelings.argmax(-1), axis=1) != 0).sum(1)
    assert 0 <= changes.min() <= 1 < changes.max() <= 5  # 8 s in moods held for 1.5 to 6 s
    places = np.stack([one.place for one in given])
    assert places.shape == (80, 200, 2)
    np.testing.assert_allclose(np.rad2deg(np.abs(places).max((0, 1))), [24, 14], atol=2)
    moves = np.abs(np.diff(places, axis=1)).max(-1) > 0
    assert 1 <= moves.sum(1).min() <= moves.sum(1).max() <= 6  # 8 s in places held for 1.2 to 5 s


def test_roaming_reaches_shapes_that_speech_does_not() -> None:
    rng = np.random.default_rng(0)
    walked = roam(rng, 200, style(rng), wide=False).expression
    assert walked.max() > 0.6
    assert (walked.max(0) > 0.1).mean() > 0.6


def test_stress_falls_on_vowels_that_sound() -> None:
    samples = np.zeros(CLOCK.samples(40), np.float32)
    samples[CLOCK.samples(15) : CLOCK.samples(20)] = 0.3
    assert stressed_frames(SAID, samples).tolist()[0] == 17


def test_speech_is_cut_and_filled_to_whole_clips() -> None:
    said = Utterance("v", "t", "train", np.ones(CLOCK.samples(40), np.float32), SAID)
    for frames, lead in ((30, 0), (60, 10), (100, 5)):
        fitted = fit(join([said, said]) if frames > 60 else said, frames, lead=lead)
        assert len(fitted.samples) == CLOCK.samples(frames)
        edges = [(p.start_s, p.end_s) for p in fitted.phones]
        assert edges[0][0] == 0
        np.testing.assert_allclose(edges[-1][1], frames / 25)
        assert all(abs(a[1] - b[0]) < 1e-9 for a, b in itertools.pairwise(edges))
    assert not silence(25).samples.any()
