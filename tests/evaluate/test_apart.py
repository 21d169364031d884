"""What is kept apart is found to be, what leaks is found out, and chance looks like chance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from einops import repeat

from tests.conftest import tiny_pipeline
from tests.evaluate.paired import ANGLES, FACES, PEOPLE, Spelling, SpellingReader, make_paired_film
from tests.films import make_film
from vasa import checkpoint
from vasa.cli import main
from vasa.config import instantiate, leaf
from vasa.data.paired import PairedFilm, paired_film
from vasa.evaluate.apart import Apart, measure
from vasa.evaluate.codes import Codes, between, separation
from vasa.evaluate.leak import explained, recognised
from vasa.evaluate.showing import Cells
from vasa.types import Motion

CPU = torch.device("cpu")


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_paired_film(tmp_path_factory.mktemp("paired"))


@pytest.fixture(name="film", scope="module")
def _film(folder: Path) -> PairedFilm:
    return paired_film(folder)


def measured(film: PairedFilm, *leaks: str) -> Apart:
    return measure(Spelling(*leaks), film, SpellingReader(), device=CPU)


def test_codes_that_are_the_labels_are_alike_across_poses_and_people(film: PairedFilm) -> None:
    codes = measured(film).codes
    assert codes["face_cosine"] == pytest.approx(1, abs=0.01)
    assert codes["motion_cosine"] == pytest.approx(1, abs=0.01)
    assert codes["other_face_cosine"] < 0.2
    assert codes["other_time_cosine"] < 0.5
    assert codes["yaw_leak"] == pytest.approx(0, abs=0.02)
    assert codes["pitch_leak"] == pytest.approx(0, abs=0.02)
    assert codes["person_leak"] < 0.6
    assert codes["face_share"] == pytest.approx(1, abs=0.01)


def test_leaks_are_found_out_each_by_its_own_number(film: PairedFilm) -> None:
    yaw, who = measured(film, "yaw").codes, measured(film, "who").codes
    assert yaw["yaw_leak"] == pytest.approx(1, abs=0.01)
    assert yaw["pitch_leak"] == pytest.approx(0, abs=0.02)
    assert yaw["person_leak"] < 0.6
    assert yaw["pose_share"] > 0.1 > yaw["person_share"]
    assert yaw["face_cosine"] < 0.9
    assert who["yaw_leak"] == pytest.approx(0, abs=0.02)
    assert who["person_leak"] == 1
    assert who["person_share"] > 0.1 > who["pose_share"]
    assert who["motion_cosine"] < 0.9


def test_swapped_pictures_are_what_was_filmed(film: PairedFilm) -> None:
    shown = measured(film).shown
    assert shown["grid filmed"]["psnr_db"] == shown["filmed"]["psnr_db"] == 100
    for name in ("grid own", "grid swapped", "self", "crossed"):
        row = shown[name]
        assert row["psnr_db"] > 40, name
        assert row["person_psnr_db"] == pytest.approx(row["psnr_db"])
        assert max(row["pose_deg"], row["pose_from_filmed_deg"]) < 0.3
        assert (row["pose_near"], row["identity"], row["identity_top1"]) == (1, 1, 1)
        assert min(row["lip_r"], row["blink_r"]) > 0.999


def test_a_pose_that_sticks_to_the_dynamics_spoils_the_swap_alone(film: PairedFilm) -> None:
    class Stuck(Spelling):
        """Turns the head as its dynamics say."""

        def render(self, portrait, motion):
            pose = torch.cat([motion.dynamics[..., 3:5], motion.pose[..., 2:]], dim=-1)
            return super().render(portrait, Motion(pose, motion.dynamics))

    shown = measure(Stuck("yaw", "pitch"), film, SpellingReader(), device=CPU).shown
    assert shown["grid own"]["pose_near"] == 1
    assert shown["grid swapped"]["pose_near"] < 0.5
    assert shown["grid swapped"]["psnr_db"] < shown["grid own"]["psnr_db"] - 10


def test_random_codes_get_chance(film: PairedFilm) -> None:
    random = torch.Generator().manual_seed(1)

    def noise(frames: int) -> Motion:
        return Motion(torch.zeros(PEOPLE, frames, 6), torch.randn(PEOPLE, frames, 6, generator=random))

    found = separation(Codes(noise(24), (noise(400), noise(400))), film)
    for name in ("face_cosine", "other_face_cosine", "motion_cosine", "other_time_cosine"):
        assert abs(found[name]) < 0.15, name
    assert max(found["yaw_leak"], found["pitch_leak"]) < 0.1
    assert found["person_leak"] == pytest.approx(found["person_chance"], abs=0.1)


def test_probes_answer_only_about_groups_that_they_did_not_see() -> None:
    random = torch.Generator().manual_seed(0)
    codes, group = torch.randn(300, 4, generator=random), torch.arange(300) % 6
    line = codes @ torch.tensor([1.0, -2.0, 0.0, 0.5]) + 3
    assert explained(codes, line, group) == pytest.approx(1, abs=1e-3)
    assert recognised(codes, (line > 3).long(), group) > 0.9
    theirs = torch.randn(6, generator=random)[group]  # what only the group tells
    marked = torch.cat([codes, torch.nn.functional.one_hot(group).float()], dim=1)
    assert explained(marked, theirs, group) < 0.1
    with pytest.raises(ValueError, match="only one group"):
        explained(codes, line, torch.zeros(300))


def test_cosines_are_of_pairs() -> None:
    one = torch.tensor([[[1.0, 0], [0, 1], [1, 0]]])
    assert between(one) == pytest.approx(1 / 3)
    assert between(one, repeat(torch.tensor([0.0, 1.0]), "m -> 1 k m", k=3)) == pytest.approx(1 / 3)


def test_swapped_cells_keep_what_they_give(film: PairedFilm) -> None:
    cells, count = Cells.draw(film, 0), len(FACES)
    here = torch.arange(len(ANGLES) * count)
    assert torch.equal(cells.pose_of // count, here // count)
    assert torch.equal(cells.dynamics_of % count, here % count)
    assert (cells.pose_of != here).all()
    assert (cells.dynamics_of // count != here // count).all()
    assert film.portrait == count * 1  # yaw 0, pitch -0.2; the first of its faces


def test_the_command_writes_a_report_and_a_sheet(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_pipeline().save_pretrained(tmp_path / "model")
    checkpoint.save(tmp_path / "reader", instantiate(leaf("reader", "tiny")), leaf("reader", "tiny"))
    words = ["evaluate", str(folder), "--apart", "--model", str(tmp_path / "model"), "-o", str(tmp_path / "out")]
    assert main([*words, "--judge", str(tmp_path / "reader"), "--people", "2", "--device", "cpu"]) == 0
    assert "pose_from_filmed_deg" in capsys.readouterr().out
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["people"], report["motions"]) == (2, 2)
    assert str(tmp_path / "reader") in report["reader"]
    assert report["codes"]["person_chance"] == 0.5
    assert report["shown"].keys() == {"grid filmed", "grid own", "grid swapped", "filmed", "self", "crossed"}
    assert (tmp_path / "out" / "sheet.png").is_file()


def test_callers_mistakes_are_plain_sentences(
    folder: Path, film: PairedFilm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = make_film(tmp_path / "plain")
    for words, sentence in [
        ([str(plain)], "not paired"),
        ([str(folder), "--people", "1"], "at least 2"),
        ([str(folder), "--judge", "face.task"], "a probe"),
        ([str(folder)], "they must be equal"),  # the shipped model's pictures are larger
    ]:
        assert main(["evaluate", *words, "--apart", "-o", str(tmp_path / "out"), "--device", "cpu"]) == 2
        assert sentence in capsys.readouterr().err
    assert main(["evaluate", str(plain), "--people", "2", "-o", str(tmp_path / "out")]) == 2
    assert "goes with --apart" in capsys.readouterr().err
    (folder / "shards" / "000000.tar").rename(tmp_path / "elsewhere.tar")
    with pytest.raises(ValueError, match="not whole"):
        paired_film(folder)
    (tmp_path / "elsewhere.tar").rename(folder / "shards" / "000000.tar")
