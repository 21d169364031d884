"""Judges of agreement learn a made-up relation of sound and head, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.films import make_film
from vasa import checkpoint
from vasa.cli.train_capp import run as train_capp
from vasa.cli.train_sync import run as train_sync
from vasa.config import instantiate, leaf
from vasa.data.agreeing import Talk, TalkWindows, mouth
from vasa.evaluate.agreeing import CAPP, Sync
from vasa.evaluate.agreement import Agreement, Tower
from vasa.evaluate.ears import LogMel
from vasa.evaluate.shifts import at_shifts, scaled_scores, shifted_scores


def talk(seed: int, frames: int = 120) -> Talk:
    """A head that nods as loud as its sound is."""
    random = torch.Generator().manual_seed(seed)
    loud = torch.nn.functional.avg_pool1d(torch.randn(1, 1, frames + 2, generator=random), 3, 1)[0, 0].sigmoid()
    noise = torch.randn(frames * 640, generator=random)
    track = torch.stack([loud, 0.1 * loud.roll(1), 0.3 * torch.randn(frames, generator=random)], dim=-1)
    return Talk(track, 0.3 * loud.square().repeat_interleave(640) * noise)


@pytest.fixture(scope="module")
def judge() -> Agreement:
    torch.manual_seed(0)
    network: Agreement = instantiate(leaf("judge", "tiny"))
    talks = [talk(seed) for seed in range(24)]
    network.face.calibrate([t.track for t in talks])
    network.sound.calibrate([network.ears(t.samples[None])[0] for t in talks])
    windows = TalkWindows(talks, frames=10, clips=8, each=6, apart=2, seed=0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for step in range(250):
        loss = network.loss(*windows.batch(step))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval().requires_grad_(False)


STRANGE = [talk(seed) for seed in range(100, 106)]


def test_the_score_is_highest_without_a_shift_and_near_chance_for_strangers(judge: Agreement) -> None:
    scores = shifted_scores(judge, STRANGE)
    assert scores["0"] > 0.5
    assert scores["0"] > scores["1"] > scores["3"]
    assert scores["0"] - scores["stranger"] > 0.4
    assert abs(scores["stranger"]) < 0.35


def test_scaled_motion_keeps_its_rhythm_and_other_rhythms_do_not(judge: Agreement) -> None:
    scores = scaled_scores(judge, STRANGE)
    assert list(scores) == ["0.2", "0.5", "1.0", "1.5", "3.0"]
    assert scores["1.0"] == pytest.approx(shifted_scores(judge, STRANGE)["0"])
    assert scores["0.5"] > scores["0.2"]
    assert scores["1.5"] > shifted_scores(judge, STRANGE)["stranger"]


@pytest.mark.parametrize("changes", [True, False])
def test_a_judge_of_changes_does_not_know_which_way_a_head_points(changes: bool) -> None:
    torch.manual_seed(0)
    network: Agreement = instantiate(leaf("judge", "tiny"), changes=changes).eval()
    windows = torch.randn(4, 10, 3)
    alike = torch.allclose(network.see(windows), network.see(windows + torch.tensor([0.3, -0.1, 0.05])), atol=1e-5)
    assert alike == changes


def test_changes_are_measured_within_clips_and_not_from_one_to_the_next() -> None:
    tower = Tower(size=1, frames=4, width=8, layers=1, heads=1, out=4, changes=True)
    tower.calibrate([100.0 * n + torch.tensor([[0.0], [1.0], [0.0], [1.0]]) for n in range(5)])
    assert float(tower.std) < 1


def test_capp_averages_windows_and_falls_with_a_shift(judge: Agreement) -> None:
    def score(shift: int) -> float:
        metric = CAPP(judge, hop=2)
        for one in STRANGE:
            metric.update(one.track.roll(shift, dims=0), one.samples)
        return float(metric.compute())

    assert score(0) > 0.5
    assert score(0) > score(3) + 0.2
    assert score(0) > score(-3) + 0.2


@pytest.mark.parametrize("late", [-4, 0, 3])
def test_sync_finds_how_late_the_picture_is(judge: Agreement, late: int) -> None:
    metric = Sync(judge, reach=8)
    for one in STRANGE:
        metric.update(one.track.roll(late, dims=0), one.samples)
    measured = metric.compute()
    assert float(measured["offset_frames"]) == pytest.approx(late)
    assert float(measured["confidence"]) > 0.2


def test_sync_has_no_confidence_in_strangers(judge: Agreement) -> None:
    together, apart = Sync(judge, reach=8), Sync(judge, reach=8)
    for one, other in zip(STRANGE, STRANGE[1:] + STRANGE[:1], strict=True):
        together.update(one.track, one.samples)
        apart.update(one.track, other.samples)
    assert float(apart.compute()["confidence"]) < 0.5 * float(together.compute()["confidence"])
    assert float(apart.compute()["distance"]) > float(together.compute()["distance"])


def test_distances_at_shifts_are_known() -> None:
    rows = torch.eye(20)
    distance = at_shifts(rows[3:], rows[:-3], 5)  # the sound is three frames early
    assert int(distance.argmin()) - 5 == -3
    assert distance.min() == 0
    with pytest.raises(ValueError, match="Take a longer clip"):
        at_shifts(rows[:5], rows[:5], 5)


def test_ears_hear_the_pitch_of_a_tone_on_the_video_clock() -> None:
    ears = LogMel(bands=40)
    time = torch.arange(6400) / 16_000
    heard = [ears(torch.sin(2 * torch.pi * hertz * time)[None])[0].view(10, 4, 40)[5, 2] for hertz in (300.0, 3000.0)]
    assert ears(time[None]).shape == (1, 10, 160)
    assert heard[0].argmax() < heard[1].argmax()
    quiet = ears(torch.cat([torch.zeros(3200), torch.sin(2000 * time[:3200])])[None])[0].mean(-1)
    assert (quiet[:4] < quiet[6:].min()).all()


def test_a_mouth_does_not_depend_on_where_the_head_is_or_how_it_tilts() -> None:
    points = torch.randn(4, 68, 2)
    turn = torch.tensor([[0.8, -0.6], [0.6, 0.8]])
    torch.testing.assert_close(mouth({"landmarks": points}), mouth({"landmarks": 1.7 * points @ turn + 0.3}))
    opened = points.clone()
    opened[:, 66, 1] += 0.2
    assert not torch.allclose(mouth({"landmarks": points}), mouth({"landmarks": opened}))
    with pytest.raises(ValueError, match="68 landmarks"):
        mouth({})


def test_windows_of_a_clip_are_apart_and_repeat(judge: Agreement) -> None:
    steady = Talk(torch.arange(50.0)[:, None].expand(-1, 3), torch.arange(50.0).repeat_interleave(640))
    windows = TalkWindows([steady], frames=10, clips=4, each=6, apart=5, seed=0)
    track, samples = windows.batch(7)
    assert torch.equal(track[..., 0], samples[:, ::640])
    assert track[:, 0, 0].sort().values.diff().min() >= 5
    assert torch.equal(windows.batch(7)[0], track)
    assert not torch.equal(windows.batch(8)[0], track)


def test_bad_clips_get_a_plain_sentence(judge: Agreement, tmp_path: Path) -> None:
    metric, sound = CAPP(judge), torch.zeros(20 * 640)
    mistakes: list[tuple[Tensor, str]] = [
        (torch.zeros(20, 4), "takes a track"), (torch.zeros(9, 3), "needs 10 frames"),
        (torch.full((20, 3), torch.nan), "NaN"),
    ]  # fmt: skip
    for track, complaint in mistakes:
        with pytest.raises(ValueError, match=complaint):
            metric.update(track, sound)
    checkpoint.save(tmp_path, instantiate(leaf("motion", "tiny")), leaf("motion", "tiny"))
    with pytest.raises(ValueError, match="holds a DiffusionMotion"):
        CAPP(tmp_path)


@pytest.mark.parametrize(("train", "track"), [(train_capp, 3), (train_sync, 40)], ids=["capp", "sync"])
def test_the_commands_write_judges_that_load(train, track: int, tmp_path: Path) -> None:
    film = make_film(tmp_path / "film", frames=30)
    train([
        "judge=tiny", f"judge.track={track}", f"data.folder={film}", f"output={tmp_path / 'judge'}", "steps=2",
        "data.clips=2", "data.each=3", "threads=1", "trainer.accelerator=cpu", "trainer.val_check_interval=2",
        "+trainer.enable_progress_bar=false",
    ])  # fmt: skip
    metric = CAPP(tmp_path / "judge")
    metric.update(torch.randn(30, track), torch.randn(30 * 640))
    assert -1 <= float(metric.compute()) <= 1
    assert metric.network.face.std.min() != 1  # calibrated
    found = json.loads((tmp_path / "judge" / "acceptance.json").read_text())
    assert {"0", "4", "stranger"} <= set(found["shift"])
    assert set(found["scale"]) == {"0.2", "0.5", "1.0", "1.5", "3.0"}
    assert (tmp_path / "judge" / "acceptance.png").stat().st_size > 1000
