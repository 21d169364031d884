"""Cameras and files spoil pictures as told, and always alike."""

from __future__ import annotations

import numpy as np
import pytest

from vasa.people.sensor import Sensor, sense, sensor

STEPS = np.repeat(np.repeat(np.array([[60, 190], [190, 60]], np.uint8), 16, 0), 16, 1)[None, ..., None].repeat(3, -1)
FRAMES = STEPS.repeat(5, 0)
CLEAN = Sensor(blur_px=0.0, noise=0.0, coding="none", quality=0, seed=1)


def test_a_clean_camera_changes_nothing() -> None:
    np.testing.assert_array_equal(sense(FRAMES, CLEAN), FRAMES)


def test_blur_softens_edges_and_keeps_the_mean() -> None:
    seen = sense(FRAMES, Sensor(1.0, 0.0, "none", 0, 1)).astype(float)
    assert np.abs(np.diff(seen, axis=2)).max() < 0.6 * np.abs(np.diff(FRAMES.astype(float), axis=2)).max()
    assert seen.mean() == pytest.approx(FRAMES.mean(), abs=0.5)


def test_noise_is_as_strong_as_told_and_stronger_in_the_light() -> None:
    away = sense(FRAMES, Sensor(0.0, 4.0, "none", 0, 1)).astype(float) - FRAMES
    assert away[FRAMES == 190].std() == pytest.approx(4 * np.sqrt(198 / 136), rel=0.1)
    assert away[FRAMES == 60].std() == pytest.approx(4 * np.sqrt(68 / 136), rel=0.1)
    assert np.abs(away[0] - away[1]).max() > 1


@pytest.mark.parametrize(("coding", "good", "bad"), [("jpeg", 95, 20), ("h264", 18, 45)])
def test_files_lose_more_at_worse_quality(coding: str, good: int, bad: int) -> None:
    wave = 128 + 60 * np.sin(np.arange(32)[:, None] * 0.7 + np.arange(5)[:, None, None]) * np.cos(np.arange(32) * 0.9)
    frames = wave[..., None].repeat(3, -1).astype(np.uint8)
    losses = []
    for quality in (good, bad):
        camera = Sensor(0.0, 0.0, coding, quality, 1)  # type: ignore[arg-type]
        seen = sense(frames, camera)
        assert seen.shape == frames.shape
        np.testing.assert_array_equal(seen, sense(frames, camera))
        losses.append(np.abs(seen.astype(int) - frames).mean())
    assert 0 < losses[0] < losses[1]


def test_cameras_differ_from_clip_to_clip() -> None:
    drawn = [sensor(np.random.default_rng(n)) for n in range(60)]
    assert {camera.coding for camera in drawn} == {"none", "jpeg", "h264"}
    assert any(camera.blur_px == 0 for camera in drawn)
    assert max(camera.noise for camera in drawn) > 3
    assert sensor(np.random.default_rng(7)) == drawn[7]
