"""Rhythms with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from vasa.people.rhythm import blinks, gaze_at_camera, lip_rhythm_hz, saccades


def test_a_jump_over_two_frames_is_one_saccade() -> None:
    eyes = np.zeros((50, 2))
    eyes[10, 0], eyes[11:, 0], eyes[30:, 1] = 0.1, 0.2, 0.3
    np.testing.assert_allclose(saccades(eyes), [0.2, 0.3])
    assert not len(saccades(np.zeros((9, 2))))


def test_gaze_meets_the_camera_where_it_is_straight() -> None:
    assert gaze_at_camera(np.array([[0, 0], [0.05, 0.05], [0.2, 0], [0, -0.1]])) == 0.5


@pytest.mark.parametrize("hertz", [1.5, 4.0, 8.0])
def test_the_rhythm_of_a_sine_is_its_frequency(hertz: float) -> None:
    track = 0.1 + 0.05 * np.sin(2 * np.pi * hertz * np.arange(200) / 25)
    assert lip_rhythm_hz([track, track]) == pytest.approx(hertz, abs=0.3)


def test_blinks_are_counted_once() -> None:
    closed = np.zeros((20, 2))
    closed[3:6, 0], closed[4:7, 1], closed[12, 1] = 1, 1, 0.9
    assert blinks(closed) == 2
