"""How a generator speaks: measures of tracks with known answers, and the commands on a tiny model."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.films import make_film
from vasa import checkpoint
from vasa.cli import main
from vasa.cli.evaluate_motion import lip_judge
from vasa.config import instantiate, leaf
from vasa.data.gaze import main_gaze
from vasa.evaluate.ablation import Ablation, Variant, adjustable, variants
from vasa.evaluate.drift import Minutes, drift
from vasa.evaluate.head import pose_variation
from vasa.evaluate.lines import Lines
from vasa.evaluate.lips import pooled_correlation, shut_level, shut_on_closed
from vasa.evaluate.outside import MediaPipe
from vasa.evaluate.sayings import Saying, said
from vasa.evaluate.speaking import Lips, diversity, level_of, lip_numbers
from vasa.evaluate.speech_picture import draw_speech
from vasa.motion.guidance import PerCondition
from vasa.motion.sampler import DDIM, Euler, Multistep
from vasa.people.phones import PHONE_INDEX, Phone
from vasa.people.voices import Utterance
from vasa.pipeline import Pipeline
from vasa.space import MotionSpace

FRAMES, SPACE, CPU = 40, MotionSpace.plain(6), torch.device("cpu")
SWAY = 0.02  # radians


def saying(seed: int, audio_dim: int = 4) -> Saying:
    """Motion whose first dynamics are the labels: opening, and gaze, a degree about one direction."""
    random = torch.Generator().manual_seed(seed)
    motion = torch.randn(FRAMES, SPACE.size, generator=random)
    pose = SPACE.unpack(motion[None]).pose[0]
    labels = {
        "lip_opening": motion[:, 6], "gaze": SWAY * motion[:, 7:9] + 0.3, "distance": (-pose[:, 5:]).exp(),
        "landmarks": torch.randn(FRAMES, 68, 3, generator=random),
    }  # fmt: skip
    features = torch.randn(FRAMES, audio_dim, generator=random)
    return Saying(motion, features, torch.zeros(FRAMES * 640), labels, main_gaze(labels["gaze"]))


SAYINGS = [saying(seed) for seed in range(6)]


def phones(text: str) -> torch.Tensor:
    return torch.tensor([PHONE_INDEX[p] for p in text.split()])


def test_lines_find_what_is_in_the_latents_and_say_what_is_not() -> None:
    lines = Lines.fit(SAYINGS)
    assert lines.agreement["lip opening"] > 0.99
    assert lines.agreement["gaze"] > 0.99
    assert abs(lines.agreement["mouth"]) < 0.3
    torch.testing.assert_close(lines.opening(SAYINGS[0].motion), SAYINGS[0].motion[:, 6], atol=0.02, rtol=0)
    with pytest.raises(ValueError, match="4 clips or more"):
        Lines.fit(SAYINGS[:3])


def test_true_motion_has_no_errors_and_other_motion_has_known_ones() -> None:
    table = Ablation(SAYINGS, Lines.fit(SAYINGS), space=SPACE, device=CPU)
    truth = table.truth()
    assert truth["lip_r"] == pytest.approx(1, abs=1e-3)
    assert (truth["lip_lag_frames"], truth["distance_error_percent"]) == (0, pytest.approx(0, abs=1e-3))
    assert truth["gaze_error_deg"] < 0.5
    late = [one.motion.roll(2, dims=0) for one in SAYINGS]
    assert table.measured(late)["lip_lag_frames"] == 2
    aside, near = (torch.stack([one.motion for one in SAYINGS]) for _ in range(2))
    aside[..., 7] += math.radians(12) / SWAY
    near[..., 5] += math.log(1.1) / SPACE.std[5]
    assert table.measured([*aside])["gaze_error_deg"] == pytest.approx(12 * math.cos(0.3), abs=1)
    assert table.measured([*near])["distance_error_percent"] == pytest.approx(100 * (1 - 1 / 1.1), abs=1e-3)
    twice = table.measured([one.motion for one in SAYINGS * 2])
    assert twice["pose_variation_deg"] == pytest.approx(truth["pose_variation_deg"])


def test_the_papers_rows_and_a_few_steps(pipe: Pipeline) -> None:
    rows = variants(pipe.motion)
    assert [(row.audio, row.gaze, row.steps) for row in rows[:7]] == [
        (0, 0, 50), (0, 1, 50), (0, 2, 50), (0.5, 1, 50), (1, 1, 50), (2, 1, 50), (0.5, 1, 10),
    ]  # fmt: skip
    assert {row.sampler for row in rows[:7]} == {DDIM}
    assert [(row.steps, row.sampler) for row in rows[7:]] == [(8, Multistep), (6, Multistep), (4, Multistep)]
    flow = variants(instantiate(leaf("motion", "flow")))
    assert {row.sampler for row in flow} == {Euler}
    with pytest.raises(ValueError, match="cannot be sampled and guided otherwise"):
        adjustable(object())  # type: ignore[arg-type]


def test_a_variant_shares_weights_and_changes_what_is_made(pipe: Pipeline) -> None:
    some = [saying(seed, pipe.audio.dim) for seed in range(2)]
    as_it_is = said(pipe.motion, some, seed=0, device=CPU, asks=True)
    same = pipe.motion.using(sampler=pipe.motion.sampler, guidance=pipe.motion.guidance)
    assert same.net is pipe.motion.net
    again = said(same, some, seed=0, device=CPU, asks=True)
    assert all(torch.equal(*pair) for pair in zip(again, as_it_is, strict=True))
    unguided = Variant(0.0, 0.0, 2, DDIM).of(pipe.motion)
    assert isinstance(unguided.guidance, PerCondition)
    assert not torch.allclose(said(unguided, some, seed=0, device=CPU, asks=True)[0], as_it_is[0])


def test_a_head_that_turns_evenly_varies_by_its_speed() -> None:
    even = torch.deg2rad(0.5 * torch.arange(30.0))[:, None].expand(-1, 3)
    assert pose_variation([even, even.flip(0)]) == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize("lag", [-2, 0, 3])
def test_short_clips_together_tell_the_lag(lag: int) -> None:
    true = [torch.randn(16, generator=torch.Generator().manual_seed(seed)) for seed in range(12)]
    match = pooled_correlation(true, [2 * one.roll(lag) + seed for seed, one in enumerate(true)])
    assert match.lag == lag
    assert match.r == pytest.approx(1, abs=1e-5)


def test_lips_shut_fully_where_they_come_down_to_what_shut_lips_measure() -> None:
    said_ = phones("SIL M M AA AA P AE AE B OW OW SIL")
    true = torch.isin(said_, phones("AA AE OW")).float() * 0.1 - 0.004
    judge = 0.02 + true  # it sees 0.016 where lips are shut
    level = shut_level(judge, true)
    assert level == pytest.approx(0.016, abs=1e-6)
    assert shut_on_closed(judge, said_, level=level).tolist() == [True, True, True]
    ajar = judge.clone()
    ajar[4:7] = 0.03  # and on its P the lips stay apart
    assert shut_on_closed(ajar, said_, level=level).tolist() == [True, False, True]
    unseen = judge.clone()
    unseen[0:4] = torch.nan
    assert shut_on_closed(unseen, said_, level=level).tolist() == [True, True]
    assert math.isnan(shut_level(judge, true + 1))
    seen = [Lips(judge, said_, true)]
    numbers = lip_numbers([Lips(ajar, said_, true)] * 2, level_of(seen))
    assert numbers["shut_on_pbm"] == pytest.approx(2 / 3)
    assert (numbers["pbm"], numbers["lip_lag_frames"]) == (6, 0)
    assert "lip_r" not in lip_numbers([Lips(judge, said_)], level)


def test_diversity_is_none_for_copies_and_one_for_strangers() -> None:
    lines, true = Lines.fit(SAYINGS), [one.motion for one in SAYINGS]
    copies = diversity([true, true], SAYINGS, lines, SPACE)
    assert (copies["lips_spread"], copies["head_spread_deg"]) == (0, 0)
    assert copies["pose_variation_of_truth"] == pytest.approx(1)
    strangers = [[torch.randn(FRAMES, 12, generator=torch.Generator().manual_seed(99 + 10 * n + k)) for k in range(6)]
                 for n in range(12)]  # fmt: skip
    apart = diversity(strangers, SAYINGS, lines, SPACE)
    assert apart["lips_spread"] == pytest.approx(1, abs=0.15)
    assert apart["head_spread"] == pytest.approx(1, abs=0.15)
    assert abs(apart["lip_r_latents"]) < 0.3
    livelier = [[torch.cat([2 * one[:, :6], one[:, 6:]], dim=-1) for one in true]] * 2
    assert diversity(livelier, SAYINGS, lines, SPACE)["pose_variation_of_truth"] == pytest.approx(2, rel=1e-3)
    with pytest.raises(ValueError, match="two seeds or more"):
        diversity([true], SAYINGS, lines, SPACE)


def test_a_steady_stream_does_not_drift_and_a_growing_one_does() -> None:
    random = torch.Generator().manual_seed(0)
    minutes = Minutes(100, ("steady", "rising", "louder"))
    for n in range(10):
        rows = torch.randn(107, 3, generator=random)
        rows[:, 1] += 0.5 * n
        rows[:, 2] *= 1 + n / 5
        minutes.add(rows)
    assert len(minutes.means) == 10
    found = drift(minutes)
    assert abs(found["steady"]["change"]) < 0.4
    assert found["steady"]["spread"] == pytest.approx(1, abs=0.3)
    assert found["rising"]["change"] > 3
    assert found["rising"]["trend"] > 0.98
    assert found["louder"]["spread"] > 2
    assert found["louder"]["speed"] > 2
    with pytest.raises(ValueError, match="first to a last minute"):
        drift(Minutes(100))


@pytest.fixture(name="world", scope="module")
def _world(tmp_path_factory: pytest.TempPathFactory, pipe: Pipeline) -> dict[str, str]:
    """A tiny model, a film of its size, and a tiny face reader, on disk."""
    place = tmp_path_factory.mktemp("world")
    make_film(place / "film", clips=6, held_out=5, frames=14, size=pipe.renderer.image_size)
    pipe.save_pretrained(place / "model")
    torch.manual_seed(0)
    reader = instantiate(leaf("reader", "tiny"))
    reader.face.bias.data.fill_(9.0)  # everything is a face
    checkpoint.save(place / "reader", reader, leaf("reader", "tiny"))
    return {name: str(place / name) for name in ("film", "model", "reader")}


def evaluate(world: dict[str, str], out: Path, *words: str) -> int:
    judge = [] if "--ablation" in words else [f"--judge={world['reader']}"]
    return main(["evaluate", world["film"], f"--model={world['model']}", *judge, f"--output={out}", *words])


def test_the_command_asks_for_controls(world: dict[str, str], tmp_path: Path, capsys) -> None:
    assert evaluate(world, tmp_path / "out", "--controls", "gaze", "--clips", "2", "--seconds", "0.4") == 0
    written = json.loads((tmp_path / "out" / "controls.json").read_text())
    assert {"gaze_error_deg", "gaze_error_deg_ignored"} <= set(written["numbers"])
    assert written["reader"].startswith(world["reader"])
    assert len(written["effects"]["size"]) == 2
    assert {f.name for f in (tmp_path / "out").iterdir()} == {"controls.json", "effects.png"}
    assert "gaze yaw" in capsys.readouterr().out


def test_the_command_writes_the_papers_table_and_how_it_speaks(world: dict[str, str], tmp_path: Path) -> None:
    assert evaluate(world, tmp_path / "out", "--ablation", "--clips", "4", "--seeds", "1") == 0
    rows = json.loads((tmp_path / "out" / "ablation.json").read_text())["rows"]
    assert {"as it is", "0.5, 1, 50 DDIM", "0.5, 1, 4 Multistep", "true motion"} <= set(rows)
    assert rows["0, 2, 50 DDIM"]["seconds_a_second"] > 0
    assert evaluate(world, tmp_path / "out", "--speaking", "--clips", "4") == 0
    spoken = json.loads((tmp_path / "out" / "speaking.json").read_text())
    assert set(spoken["lips"]) == {"spoken", "filmed"}
    assert spoken["lips"]["spoken"]["shut_on_pbm"] is None  # nobody says P, B or M
    assert spoken["seeds"]["lips_spread"] > 0


def test_lips_are_drawn_over_the_sound_with_bands_on_p_b_and_m() -> None:
    phones = (Phone("SIL", 0.0, 0.2), Phone("B", 0.2, 0.3), Phone("AA", 0.3, 0.8), Phone("M", 0.8, 1.0))
    sentence = Utterance("v", "balm", "test", np.sin(np.arange(16_000) / 9).astype(np.float32), phones)
    figure = draw_speech([(sentence, torch.rand(25)), (sentence, torch.rand(25))], "tiny")
    sound, again, lips, _ = figure.axes
    assert (sound.get_title(), again.get_xlabel()) == ("balm", "seconds; blue: P, B, M. tiny")
    assert [round(float(patch.get_x()), 2) for patch in sound.patches] == [0.2, 0.8]
    assert [text.get_text() for text in sound.texts] == ["B", "AA", "M"]
    assert lips.lines[0].get_xdata().tolist() == pytest.approx([(frame + 0.5) / 25 for frame in range(25)])


def test_lips_are_read_by_the_outside_judge_whose_file_is_named(tmp_path: Path, pipe: Pipeline, monkeypatch) -> None:
    monkeypatch.setattr("vasa.evaluate.outside._mediapipe", lambda: None)
    (tmp_path / "face.task").write_bytes(b"a model")
    judge, name = lip_judge(str(tmp_path / "face.task"), pipe)
    assert (type(judge), name) == (MediaPipe, MediaPipe.name)
    with pytest.raises(ValueError, match="is no folder"):
        lip_judge(str(tmp_path / "none.task"), pipe)


def test_mistakes_get_a_plain_sentence(world: dict[str, str], tmp_path: Path, capsys) -> None:
    for words, sentence in [
        (["--controls", "--seeds", "0"], "--seeds is at least 1"),
        (["--speaking", "--seeds", "1"], "--seeds is 2 or more"),
        (["--controls", "--clips", "1", "--seeds", "1"], "take more --clips"),
        (["--speaking", "--recordings", str(tmp_path)], "no alignment.json"),
        (["--controls", "--seconds", "0.1"], "--seconds is at least 0.4"),
        (["--controls", "--judge", str(tmp_path / "face.task")], "is no folder"),
    ]:
        assert evaluate(world, tmp_path / "out", *words) == 2
        assert sentence in capsys.readouterr().err
