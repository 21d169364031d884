"""Obedience has known answers: of a generator that does what it is asked, and of one that does nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch

from tests.evaluate.world import Reader, pipeline
from tests.films import make_film
from vasa.data.film import clips_of
from vasa.evaluate.asking import CONTROLS, DISTANCES, NOTHING, PITCHES_DEG, YAWS_DEG, gaze, moves
from vasa.evaluate.cast import Cast, talkers
from vasa.evaluate.effect_picture import draw_effects
from vasa.evaluate.effects import effects
from vasa.evaluate.obeying import Asking, asks, between_deg, obedience, reader_errors
from vasa.evaluate.quantities import QUANTITIES, blink_rate, quantities
from vasa.face.reading import FaceReading
from vasa.pipeline import Pipeline

FRAMES = 20


@pytest.fixture(name="film", scope="module")
def _film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(tmp_path_factory.mktemp("film"), clips=5, held_out=4)


def measured(pipe: Pipeline, film: Path, controls=CONTROLS, reader: Reader | None = None):
    cast = Cast.of(pipe, talkers(clips_of(film, "test"), 4), frames=FRAMES)
    asking = Asking(pipe, cast, reader or Reader(), seeds=2)
    return obedience({ask: asking(ask) for ask in asks(controls)}, frame_rate=asking.frame_rate)


def test_who_does_what_is_asked_misses_nothing(film: Path, pipe: Pipeline) -> None:
    found = measured(pipeline(pipe.audio, obeys=True), film)
    assert found.numbers["gaze_error_deg"] == pytest.approx(0, abs=1e-3)
    assert found.numbers["gaze_frame_error_deg"] == pytest.approx(0, abs=1e-3)
    assert found.numbers["distance_error_percent"] == pytest.approx(0, abs=1e-3)
    assert found.numbers["distance_change_error_percent"] == pytest.approx(0, abs=1e-3)
    assert found.numbers["emotion_recognised"] == 1
    assert torch.equal(found.shown, 8 * torch.eye(8, dtype=torch.float64))  # four people, two seeds
    assert found.numbers["gaze_error_deg_ignored"] > 9
    assert (found.effects.follows() > 3).all()
    for row, name in enumerate(found.effects.rows):
        beside = found.effects.beside(row)
        assert set(beside) <= ({*QUANTITIES[-8:]} if name in QUANTITIES[-8:] else set()), name


def test_who_ignores_everything_misses_by_the_grid_itself(film: Path, pipe: Pipeline) -> None:
    found = measured(pipeline(pipe.audio, obeys=False, own=0.0), film)
    asked = torch.tensor([gaze(*one).value for one in product(YAWS_DEG, PITCHES_DEG)])
    spread = float(between_deg(asked, torch.zeros(2)).mean())
    assert found.numbers["gaze_error_deg"] == pytest.approx(spread, rel=1e-4)
    assert found.numbers["gaze_error_deg_ignored"] == pytest.approx(spread, rel=1e-4)
    far = 100 * sum(abs(1 / one - 1) for one in DISTANCES) / len(DISTANCES)
    assert found.numbers["distance_error_percent"] == pytest.approx(far, rel=1e-4)
    assert found.numbers["emotion_recognised"] == pytest.approx(1 / 8)
    assert found.effects.size.abs().max() == 0


class _Squinting(Reader):
    """Always misses a gaze by the same six degrees."""

    def read(self, frames: torch.Tensor) -> FaceReading:
        read = super().read(frames)
        return replace(read, gaze=read.gaze + torch.tensor([math.radians(6.0), 0.0]))


def test_what_a_reader_always_misses_cancels_in_changes(film: Path, pipe: Pipeline) -> None:
    found = measured(pipeline(pipe.audio, obeys=True), film, ["gaze"], reader=_Squinting())
    assert found.numbers["gaze_error_deg"] == pytest.approx(6, abs=0.1)
    assert found.numbers["gaze_change_error_deg"] == pytest.approx(0, abs=1e-3)
    still = measured(pipeline(pipe.audio, obeys=False, own=0.0), film, ["gaze"], reader=_Squinting())
    asked = torch.tensor([one for one in product(YAWS_DEG, PITCHES_DEG) if one != (0.0, 0.0)])
    assert still.numbers["gaze_change_error_deg"] == pytest.approx(float(asked.norm(dim=1).mean()), rel=1e-4)


def test_only_what_is_named_is_asked(film: Path, pipe: Pipeline) -> None:
    found = measured(pipeline(pipe.audio, obeys=True), film, ["distance"])
    assert {name.split("_")[0] for name in found.numbers} == {"distance"}
    assert found.shown is None
    assert found.effects.rows == ("distance",)
    assert {ask.control for ask in asks(["distance"])} == {"", "distance"}


def test_a_gaze_is_as_far_from_another_as_the_angle_between_them() -> None:
    degrees = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, -7.0], [90.0, 0.0]])
    angles = between_deg(torch.deg2rad(degrees), torch.zeros(2))
    torch.testing.assert_close(angles, torch.tensor([0.0, 10.0, 7.0, 90.0]), atol=1e-4, rtol=1e-5)


def test_an_effect_is_the_change_in_spreads_over_those_left_alone() -> None:
    move = moves()[0]
    own = QUANTITIES.index(move.own)
    unchanged = torch.zeros(4, len(QUANTITIES), dtype=torch.float64)
    unchanged[:, own] = torch.tensor([0.0, 2.0, 4.0, 6.0])
    low, high = unchanged.clone(), unchanged.clone()
    high[:, own] += torch.tensor([9.0, 11.0, 9.0, 11.0])
    found = effects({move: (low, high)}, unchanged)
    deviation, wobble = (20 / 3) ** 0.5, (4 / 3) ** 0.5
    assert float(found.follows()[0]) == pytest.approx(10 / deviation)
    assert float(found.error[0, own]) == pytest.approx(wobble / 4**0.5 / deviation)
    assert found.beside(0) == {}
    high[0, own] = torch.nan
    high[:, own - 1] += 1
    found = effects({move: (low, high)}, unchanged)
    assert float(found.follows()[0]) == pytest.approx(31 / 3 / deviation)
    assert [*found.beside(0)] == [QUANTITIES[own - 1]]
    with pytest.raises(ValueError, match="take 2 or more"):
        effects({move: (low[:1], high[:1])}, unchanged[:1])


def test_a_track_is_its_means_over_frames_with_a_face() -> None:
    frames = torch.zeros(10, 3, 32, 32)
    frames[:, 0, 0, :18] = torch.arange(10)[:, None] / 100 + 0.5
    seen = Reader().read(frames)
    half = replace(seen, face=(torch.arange(10) < 5).float())
    row = dict(zip(QUANTITIES, quantities(half, frame_rate=25).tolist(), strict=True))
    assert row["lips"] == pytest.approx(4 * 0.02, abs=1e-6)
    assert row["head yaw"] == pytest.approx(torch.tensor(0.08).rad2deg().item(), abs=1e-4)
    nobody = quantities(replace(seen, face=torch.zeros(10)), frame_rate=25)
    assert nobody.isnan().all()


def test_blinks_are_counted_once_each() -> None:
    lids = torch.tensor([1.0, 0.9, 0.0, 0.0, 0.3, 0.6, 1.0, 0.7, 0.0, 0.0])
    assert blink_rate(lids, frame_rate=10) == pytest.approx(2 * 60)
    assert blink_rate(torch.zeros(5), frame_rate=10) == 0


def test_a_reader_that_knows_makes_no_errors_on_true_frames(film: Path, pipe: Pipeline) -> None:
    cast = Cast.of(pipeline(pipe.audio, obeys=True), talkers(clips_of(film, "test"), 3), frames=FRAMES)
    clips = iter(cast.clips)

    class Knowing(Reader):
        def read(self, frames):
            labels, some = next(clips).labels, super().read(frames)
            pose, gaze, emotion = (labels[name][::2].float() for name in ("pose", "gaze", "emotion"))
            return replace(some, pose=pose, gaze=gaze, emotion=emotion)

    errors = reader_errors(Knowing(), cast)
    assert errors["gaze_error_deg"] == pytest.approx(0, abs=1e-3)
    assert errors["distance_error_percent"] == pytest.approx(0, abs=1e-3)
    assert errors["emotion_recognised"] == 1


def test_the_matrix_is_drawn_with_a_cell_for_every_pair(film: Path, pipe: Pipeline) -> None:
    found = measured(pipeline(pipe.audio, obeys=True), film, ["gaze"]).effects
    axes = draw_effects(found, "effects").axes[0]
    assert len(axes.texts) == len(found.rows) * len(QUANTITIES)
    assert len(axes.patches) == len(found.rows)
    assert NOTHING in asks(["gaze"])
