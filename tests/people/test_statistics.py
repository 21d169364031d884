"""The numbers of a film whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vasa.clock import CLOCK
from vasa.data.clip import VERSION, clips_in, packed
from vasa.data.shards import append
from vasa.people.phones import PHONE_INDEX
from vasa.people.sheet import film_sheet
from vasa.people.statistics import measure, write_statistics
from vasa.types import EMOTIONS

FRAMES = 50


def _clip(number: int, kind: str) -> bytes:
    opening = 0.2 + 0.2 * np.sin(np.arange(FRAMES) / 3)
    blink = np.zeros((FRAMES, 2), np.float32)
    blink[[10, 11, 30]] = 1
    pose = np.zeros((FRAMES, 6), np.float32)
    pose[:, 0] = 0.01 * np.arange(FRAMES)
    labels = {
        "pose": pose, "gaze": np.full((FRAMES, 2), 0.1 * number, np.float32), "blink": blink,
        "eyes": np.repeat([[0.0, 0.0], [0.2, 0.0]], FRAMES // 2, axis=0).astype(np.float32),
        "emotion": np.eye(len(EMOTIONS), dtype=np.float32)[np.full(FRAMES, EMOTIONS.index("fear"))],
        "phone": np.repeat([PHONE_INDEX["AA"], PHONE_INDEX["M"]], FRAMES // 2).astype(np.int16),
        "lip_opening": opening.astype(np.float32),
    }  # fmt: skip
    tone = np.sin(np.arange(CLOCK.samples(FRAMES)))
    heard = np.repeat(opening, CLOCK.samples_per_frame) * tone
    facts = {"person": number, "voice": "v", "split": "train", "kind": kind, "wide": False}
    grey = np.full((FRAMES, 16, 16, 3), number, np.uint8)
    return packed(
        f"{number:06d}", facts=facts, labels=labels, samples=heard, frames=grey,
        places=np.zeros((FRAMES, 5, 4, 4), np.uint8), parts=np.zeros((FRAMES, 8, 8), np.uint8),
    )  # fmt: skip


@pytest.fixture
def film(tmp_path: Path) -> Path:
    pieces = [_clip(number, kind) for number, kind in enumerate(("speech", "speech", "idle"))]
    append(tmp_path / "shards" / "000000.tar", pieces)
    (tmp_path / "film.json").write_text(json.dumps({"version": VERSION}))
    return tmp_path


def test_numbers_are_those_of_the_labels(film: Path) -> None:
    found = json.loads(write_statistics(film).read_text())
    assert found["minutes"] == pytest.approx(0.1)
    assert found["kinds"] == {"idle": 1, "speech": 2}
    assert found["people"] == 3
    assert found["blinks_per_minute"] == pytest.approx(60)
    assert found["pose_change"]["yaw"] == pytest.approx(0.01)
    assert found["pose"]["yaw"]["q50"] == pytest.approx(0.245, abs=1e-3)
    assert found["gaze"]["yaw"]["mean"] == pytest.approx(0.1)
    assert found["emotions"]["fear"] == 1
    assert found["talking"]["gaze_at_camera"] == 0.5
    assert found["talking"]["saccades_per_minute"] == pytest.approx(30)
    assert found["talking"]["head_change"] == pytest.approx(np.rad2deg(0.01), abs=1e-3)
    assert {row["what"] for row in found["typical"]} <= {*found["talking"], "blinks_per_minute"}
    assert found["phones"]["AA"] == found["phones"]["M"] == 0.5
    assert found["lips_with_loudness"]["q50"] > 0.99
    assert all(entry["source"] for entry in found["typical"])


def test_a_clip_of_no_speech_is_measured_too(film: Path) -> None:
    assert measure(clips_in(film)[2:])["lip_opening"] == {}


def test_a_film_without_clips_is_refused(tmp_path: Path) -> None:
    (tmp_path / "film.json").write_text(json.dumps({"version": VERSION}))
    with pytest.raises(ValueError, match="no clip yet"):
        write_statistics(tmp_path)


def test_the_sheet_shows_each_clip_once(film: Path) -> None:
    sheet = np.asarray(film_sheet(film))
    assert sheet.shape == (16, 8 * 16, 3)
    assert sheet[8, 8 : 3 * 16 : 16, 0].tolist() == [0, 1, 2]
