"""A trial of a pipeline: what is measured, written, and refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.evaluate.test_likeness import Colours
from tests.films import make_film, shard_of
from vasa.cli import main
from vasa.data.clip import LABELS, SPEECH, clips_in
from vasa.data.coding import label_bytes, sound_bytes
from vasa.data.film import clips_of
from vasa.data.shards import revise
from vasa.evaluate.judges import OwnReader, Reading
from vasa.evaluate.likeness import Likeness
from vasa.evaluate.outside import MediaPipe
from vasa.evaluate.run import ASKED_YAW_DEG, Crossed, Spoken, Trial, drivers, frames_of, measure, report, sheet
from vasa.people.phones import PHONE_INDEX
from vasa.types import Motion
from vasa.video import Video

FRAMES = 30
LIKENESS = Likeness(lambda pictures: [pictures], Colours(), "colours")


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
    numbers = measure(spoken, Knowing(clip.labels["lip_opening"], [0.0, 0.0, *ASKED_YAW_DEG]), LIKENESS)
    assert (numbers["psnr_db"], numbers["head_psnr_db"]) == (100, 100)
    assert numbers["ssim"] == pytest.approx(1, abs=1e-3)
    assert numbers["lip_r"] == pytest.approx(1)
    assert (numbers["lip_lag_frames"], numbers["jitter_deg"], numbers["face_seen"]) == (0, 0, 1)
    assert (numbers["perceptual"], numbers["person_perceptual"]) == pytest.approx((0, 0), abs=1e-6)
    assert numbers["identity_reenacted"] == numbers["identity_filmed"] > 0.9
    assert math.isnan(numbers["identity_crossed"])
    assert numbers["yaw_miss_deg"] == pytest.approx(0, abs=1e-4)
    assert sheet([spoken]).shape == (3, truth.shape[-1], 7 * truth.shape[-1])


def test_a_trial_covers_the_clip_and_is_measured(film, pipe):
    clips = clips_of(film, "test")
    spoken = [Trial(pipe, turn_s=0.4)(clip) for clip in clips]
    assert len(spoken[0].video.pixels) == len(spoken[0].reenacted) == FRAMES
    assert [len(video.pixels) for video in spoken[0].turned.values()] == [10, 10, 10]
    result = report(spoken, OwnReader(pipe.renderer, clips, device=pipe.device), LIKENESS)
    assert "not independent" in result.judge
    assert 0 < result.numbers["psnr_db"] < 60
    assert set(result.clips) == {clips[0].name}


def test_a_person_is_driven_by_the_next_one_of_another_name(film, pipe):
    clips = clips_in(film)
    for clip, person in zip(clips, (7, 8), strict=True):
        clip.facts["person"] = person
    assert drivers(clips) == clips[::-1]
    assert drivers([clips[0], clips[0], clips[1]]) == [clips[1], clips[1], clips[0]]
    assert drivers(clips[:1]) == [None]
    spoken = Trial(pipe, turn_s=0.4)(clips[0], clips[1])
    truth = frames_of(clips[1], pipe.renderer.image_size)
    assert torch.equal(spoken.crossed.driver, truth[0])
    assert len(spoken.crossed.shown) == len(truth)
    assert not torch.equal(spoken.crossed.shown, spoken.reenacted)


def test_a_crossed_face_is_compared_with_its_own_portrait_and_with_its_driver(film):
    clip = clips_of(film, "test")[0]
    truth = clip.frames(slice(None)).float() / 255
    red, green = torch.zeros(2, *truth.shape[1:])
    red[0], green[1] = 1, 1
    video = Video(clip.frames(slice(None)), Motion(torch.zeros(1, FRAMES, 6), torch.zeros(1, FRAMES, 2)))
    crossed = Crossed(green.expand(4, -1, -1, -1), green)
    own = red.expand_as(truth)
    spoken = Spoken(clip, own, own, video, dict.fromkeys(ASKED_YAW_DEG, video), crossed)
    numbers = measure(spoken, Knowing(clip.labels["lip_opening"], [0.0, 0.0, *ASKED_YAW_DEG]), LIKENESS)
    assert (numbers["identity_crossed"], numbers["identity_driver"]) == (0, 1)


def test_a_larger_film_is_shown_at_the_renderers_size_and_a_smaller_one_is_refused(film):
    clip = clips_of(film, "test")[0]
    side = clip.frames(slice(0, 1)).shape[-1]
    assert frames_of(clip, side // 2).shape[1:] == (3, side // 2, side // 2)
    with pytest.raises(ValueError, match=f"--size {2 * side}"):
        frames_of(clip, 2 * side)


def test_the_command_writes_a_report_a_sheet_and_videos(film, pipe, tmp_path, capsys):
    pipe.save_pretrained(tmp_path / "model")
    assert main(["evaluate", str(film), "--model", str(tmp_path / "model"), "-o", str(tmp_path / "out")]) == 0
    assert "psnr_db" in capsys.readouterr().out
    written = json.loads((tmp_path / "out" / "report.json").read_text())
    named = {"psnr_db", "perceptual", "identity_reenacted", "lip_r", "yaw_miss_deg", "opening_in_silence"}
    assert named <= set(written["numbers"])
    assert {f.name for f in (tmp_path / "out").iterdir()} == {"report.json", "sheet.png", "000001.mp4"}


def test_callers_mistakes_are_plain_sentences(film, tmp_path, capsys):
    for words, sentence in [
        ([str(tmp_path), "-o", str(tmp_path / "out")], "holds no film"),
        ([str(film), "-o", str(tmp_path / "none" / "out")], "There is no folder"),
        ([str(film), "-o", str(tmp_path / "out"), "--clips", "0"], "at least 1"),
        ([str(film), "-o", str(tmp_path / "out"), "--features", "none.safetensors"], "There is no file none"),
    ]:
        assert main(["evaluate", *words]) == 2
        assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="no file"):
        MediaPipe(str(tmp_path / "none.task"))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--reader", "--judge", "probe"], "--judge goes with plain `vasa evaluate` or --apart or --"),
        (["--reader", "--clips", "3"], "leave it out of --reader"), (["--apart", "--seeds", "3"], "out of --apart"),
        (["--controls", "--features", "f"], "--features goes with plain `vasa evaluate`: leave it out of --controls"),
        (["--ablation", "--judge", "probe"], "leave it out of --ablation"), (["--capp", "c"], "goes with --ablation"),
        (["--speaking", "--seconds", "3"], "goes with --controls"), (["--people", "3"], "--people goes with --apart"),
    ],
)  # fmt: skip
def test_options_that_would_not_be_heeded_are_refused(
    words: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "FILM", *words, "-o", str(tmp_path / "out")]) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
