"""A trial of a pipeline: what is measured, written, and refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from tests.films import make_film, shard_of
from vasa.cli import main
from vasa.data.clip import LABELS, SPEECH, clips_in
from vasa.data.coding import label_bytes, sound_bytes
from vasa.data.film import clips_of
from vasa.data.shards import revise
from vasa.evaluate.judges import OwnReader, Reading
from vasa.evaluate.outside import MediaPipe
from vasa.evaluate.run import ASKED_YAW_DEG, Spoken, Trial, measure, report, sheet
from vasa.people.phones import PHONE_INDEX
from vasa.types import Motion
from vasa.video import Video

FRAMES = 30


@pytest.fixture(scope="module")
def film(tmp_path_factory, pipe):
    """A film of the renderer's size, with sound and phones."""
    folder = make_film(tmp_path_factory.mktemp("film"), clips=2, frames=FRAMES, size=pipe.renderer.image_size)
    changes: dict[str, bytes] = {}
    for clip in clips_in(folder):
        noise = 0.1 * np.random.default_rng(0).standard_normal(FRAMES * 640)
        said = "SIL " * 12 + "M M AA AA P P OW OW B B AE AE " + "SIL " * 6
        labels = {name: values.numpy() for name, values in clip.labels.items()}
        labels["phone"] = np.array([PHONE_INDEX[p] for p in said.split()], np.int16)
        changes |= {f"{clip.name}.{SPEECH}": sound_bytes(noise), f"{clip.name}.{LABELS}": label_bytes(labels)}
    revise(shard_of(folder), changes)
    return folder


class Knowing:
    """A judge that is told the truth: openings from the labels, and yaws as they were asked."""

    name = "knows"

    def __init__(self, opening, yaws):
        self.opening, self.yaws = opening, iter(yaws)

    def __call__(self, frames):
        angles = torch.zeros(len(frames), 3)
        angles[:, 0] = torch.deg2rad(torch.tensor(next(self.yaws)))
        return Reading(self.opening[: len(frames)], angles)


def test_a_perfect_showing_gets_perfect_numbers(film):
    clip = clips_of(film, "test")[0]
    truth = clip.frames(slice(None)).float() / 255
    video = Video(clip.frames(slice(None)), Motion(torch.zeros(1, FRAMES, 6), torch.zeros(1, FRAMES, 2)))
    spoken = Spoken(clip, truth, truth, video, dict.fromkeys(ASKED_YAW_DEG, video))
    numbers = measure(spoken, Knowing(clip.labels["lip_opening"], [0.0, 0.0, *ASKED_YAW_DEG]))
    assert (numbers["psnr_db"], numbers["head_psnr_db"]) == (100, 100)
    assert numbers["ssim"] == pytest.approx(1, abs=1e-3)
    assert numbers["lip_r"] == pytest.approx(1)
    assert (numbers["lip_lag_frames"], numbers["jitter_deg"], numbers["face_seen"]) == (0, 0, 1)
    assert numbers["yaw_miss_deg"] == pytest.approx(0, abs=1e-4)
    assert sheet([spoken]).shape == (3, truth.shape[-1], 7 * truth.shape[-1])


def test_a_trial_covers_the_clip_and_is_measured(film, pipe):
    clips = clips_of(film, "test")
    spoken = [Trial(pipe, turn_s=0.4)(clip) for clip in clips]
    assert len(spoken[0].video.pixels) == len(spoken[0].reenacted) == FRAMES
    assert [len(video.pixels) for video in spoken[0].turned.values()] == [10, 10, 10]
    result = report(spoken, OwnReader(pipe.renderer, clips, device=pipe.device))
    assert "not independent" in result.judge
    assert 0 < result.numbers["psnr_db"] < 60
    assert set(result.clips) == {clips[0].name}


def test_the_command_writes_a_report_a_sheet_and_videos(film, pipe, tmp_path, capsys):
    pipe.save_pretrained(tmp_path / "model")
    assert main(["evaluate", str(film), "--model", str(tmp_path / "model"), "-o", str(tmp_path / "out")]) == 0
    assert "psnr_db" in capsys.readouterr().out
    written = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {"psnr_db", "lip_r", "yaw_miss_deg", "opening_in_silence"} <= set(written["numbers"])
    assert {f.name for f in (tmp_path / "out").iterdir()} == {"report.json", "sheet.png", "000001.mp4"}


def test_callers_mistakes_are_plain_sentences(film, tmp_path, capsys):
    for words, sentence in [
        ([str(tmp_path), "-o", str(tmp_path / "out")], "holds no film"),
        ([str(film), "-o", str(tmp_path / "none" / "out")], "There is no folder"),
        ([str(film), "-o", str(tmp_path / "out"), "--clips", "0"], "at least 1"),
    ]:
        assert main(["evaluate", *words]) == 2
        assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="no file"):
        MediaPipe(str(tmp_path / "none.task"))
