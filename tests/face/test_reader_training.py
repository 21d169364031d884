"""vasa train reader, from a film to a checkpoint that reads; what each loss teaches."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.films import make_film
from vasa import checkpoint
from vasa.cli import main
from vasa.config import instantiate, leaf
from vasa.data.module import FaceData
from vasa.data.reading import FilmFaces, known
from vasa.face.augment import Augmentation
from vasa.face.reader import FaceReader
from vasa.face.training import ReaderTraining

LOSSES = ("landmarks", "spread", "pose", "gaze", "blink", "lips", "arkit", "emotion", "identity", "likeness", "face")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(tmp_path_factory.mktemp("film"), clips=4)


@pytest.fixture
def training(film: Path) -> ReaderTraining:
    torch.manual_seed(0)
    reader = instantiate(leaf("reader", "tiny"))
    return ReaderTraining(
        reader, people=4, weights=dict.fromkeys(LOSSES, 1.0), augmentation=Augmentation(), learning_rate=1e-3,
        warmup=1, steps=10, hold=0.5, seed=0,
    )  # fmt: skip


def batch(film: Path) -> dict[str, torch.Tensor]:
    data = FaceData(str(film), batch_size=8, people="all", seed=0, held_out=8)
    return next(iter(data.train_dataloader()))


# Which parts each loss teaches; all others must stay as they are.
TEACHES = {
    "landmarks": {"backbone", "joined", "votes"},
    "spread": {"backbone", "joined", "votes"},
    "pose": {"backbone", "pose"},
    "gaze": {"eyes", "gaze"},
    "blink": {"backbone", "blink", "looks"},
    "lips": {"backbone", "lips", "looks"},
    "arkit": {"backbone", "arkit", "looks"},
    "emotion": {"backbone", "emotion", "looks"},
    "identity": {"backbone", "identity"},
    "likeness": {"backbone", "identity"},
    "face": {"backbone", "face"},
}


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_teaches_its_parts_and_no_other(name: str, training: ReaderTraining, film: Path) -> None:
    some = batch(film)
    found = training.losses(some["frame"].float() / 255, known(some))
    found[name].backward()
    reader: FaceReader = training.reader
    moved = {n.split(".")[0] for n, p in reader.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert moved == TEACHES[name]


def test_the_same_step_sees_the_same_pictures(training: ReaderTraining, film: Path) -> None:
    some = batch(film)
    (first, labels), (again, _), (other, _) = (
        training.changed(some, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (8, 3, 48, 48)
    assert 0 <= first.min() <= first.max() <= 1
    assert labels.landmarks.shape == (8, 68, 2)


def test_samples_depend_on_seed_and_number_and_splits_share_nobody(film: Path) -> None:
    faces, again = (FilmFaces(str(film), split="train", seed=3) for _ in range(2))
    assert torch.equal(faces[7]["frame"], again[7]["frame"])
    people = {int(faces[n]["person"]) for n in range(40)}
    assert people == {0, 1, 2}
    assert {int(FilmFaces(str(film), split="train", people="even")[n]["person"]) for n in range(40)} == {0, 2}
    assert FilmFaces(str(film), split="test").frame(0)["person"] == 3


def test_a_pair_of_samples_is_one_person_in_two_clips(tmp_path: Path) -> None:
    film = make_film(tmp_path, clips=7, people=3)
    faces = FilmFaces(str(film), split="train", seed=1)
    pairs = [(faces[2 * n], faces[2 * n + 1]) for n in range(20)]
    assert {int(one["person"]) for one, _ in pairs} == {0, 1, 2}
    for one, other in pairs:
        assert one["person"] == other["person"]
        assert one["clip"] != other["clip"]


def test_several_films_are_one_crowd_at_one_size(tmp_path: Path) -> None:
    films = [str(make_film(tmp_path / name, clips=4, size=size)) for name, size in (("one", 32), ("two", 64))]
    faces = FilmFaces(films, split="train", size=48)
    assert faces.people == 8
    assert {int(faces[n]["person"]) for n in range(300)} == {0, 1, 2, 4, 5, 6}
    assert {faces[n]["frame"].shape for n in range(20)} == {(3, 48, 48)}
    assert {faces[n]["part"].shape for n in range(20)} == {(12, 12)}
    assert FilmFaces(films, split="test", size=48).persons == [3, 7]


def test_a_reader_and_its_probe_share_nobody(tmp_path: Path) -> None:
    film = str(make_film(tmp_path, clips=9))

    def people(which: str) -> set[int]:
        return {clip.facts["person"] for clip in FilmFaces(film, split="train", people=which).clips}

    assert people("rest") | people("quarter") == people("even") | people("odd") == people("all") == set(range(8))
    assert not people("rest") & people("quarter")
    assert not people("even") & people("odd")


def run(film: Path, output: Path, steps: int, *more: str) -> int:
    return main([
        "train", "reader", f"data.folder={film}", f"output={output}", f"steps={steps}", "reader=tiny",
        "data.batch_size=4", "data.held_out=8", "trainer.val_check_interval=2", "trainer.precision=32",
        "save_minutes=0", "+trainer.enable_progress_bar=false", "training.steps=8", "trainer.accelerator=cpu", *more,
    ])  # fmt: skip


def test_a_stopped_run_goes_on_as_if_it_had_not(film: Path, tmp_path: Path) -> None:
    assert run(film, tmp_path / "whole", 4) == 0
    assert run(film, tmp_path / "parts", 2) == 0
    assert run(film, tmp_path / "parts", 4) == 0
    whole, parts = (checkpoint.load(tmp_path / name) for name in ("whole", "parts"))
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[name], value, atol=2e-3, rtol=2e-3)
    read = whole(torch.rand(2, 3, 48, 48))
    assert read.landmarks.shape == (2, 68, 2)
    assert list((tmp_path / "whole" / "training").glob("events*"))
    assert "Learned from 3 virtual people (3 clips, data.people=all)" in (tmp_path / "whole" / "README.md").read_text()


def test_a_run_can_begin_from_another_s_weights(film: Path, tmp_path: Path) -> None:
    assert run(film, tmp_path / "first", 1) == 0
    assert run(film, tmp_path / "second", 1, f"init={tmp_path / 'first'}", "training.learning_rate=0") == 0
    first, second = (checkpoint.load(tmp_path / name) for name in ("first", "second"))
    weights = {name: value for name, value in first.named_parameters()}
    assert weights
    for name, value in second.named_parameters():
        torch.testing.assert_close(value, weights[name])
    assert "from the weights of 'first'" in (tmp_path / "second" / "README.md").read_text()


def test_a_share_of_the_first_weights_is_kept(film: Path, tmp_path: Path) -> None:
    assert run(film, tmp_path / "first", 1) == 0
    begun = f"init={tmp_path / 'first'}"
    assert run(film, tmp_path / "free", 2, begun) == 0
    assert run(film, tmp_path / "half", 2, begun, "keep=0.5") == 0
    first, free, half = (checkpoint.load(tmp_path / name).state_dict() for name in ("first", "free", "half"))
    moved = [name for name in first if not torch.equal(first[name], free[name])]
    assert moved
    for name in moved:
        if first[name].is_floating_point():
            torch.testing.assert_close(half[name], (first[name] + free[name]) / 2, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("data.folder=nowhere", "holds no film"),
        ("data.people=some", "one of all, even, odd"),
        ("keep=0.5", "needs one; got 0.5"),
    ],
)
def test_mistakes_are_told(film: Path, tmp_path: Path, capsys, override: str, words: str) -> None:
    assert run(film, tmp_path / "out", 1, override) == 2
    assert words in capsys.readouterr().err


def test_eyes_are_added_to_a_reader_that_has_none_and_the_rest_of_it_stays(film: Path, tmp_path: Path) -> None:
    assert run(film, tmp_path / "plain", 1, "~reader.eyes") == 0
    parts = [name for name, _ in instantiate(leaf("reader", "tiny")).named_children() if name not in ("eyes", "gaze")]
    grown = [f"init={tmp_path / 'plain'}", "grow=true", f"frozen=[{','.join(parts)}]", "average=0.0"]
    assert run(film, tmp_path / "grown", 2, *grown) == 0
    plain, seeing = (checkpoint.load(tmp_path / name) for name in ("plain", "grown"))
    assert seeing.eyes is not None
    for name, value in plain.state_dict().items():
        if not name.startswith("gaze"):
            torch.testing.assert_close(seeing.state_dict()[name], value, atol=0, rtol=0, msg=name)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [(["grow=true"], "name it with init"), (["grow=true", "init=nowhere", "keep=0.5"], "leave one out")],
)
def test_growing_from_nothing_is_refused(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], complaint: str
) -> None:
    assert run(film, tmp_path / "out", 1, *more) != 0
    assert complaint in capsys.readouterr().err
