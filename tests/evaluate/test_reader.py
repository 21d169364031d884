"""A face reader is measured on a film and on pictures, from the shell too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from tests.films import make_film
from vasa import checkpoint
from vasa.cli import main
from vasa.config import instantiate, leaf
from vasa.evaluate.reader import dotted, other_clip, sheet


@pytest.fixture(name="reader", scope="module")
def _reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("reader")
    checkpoint.save(folder, instantiate(leaf("reader", "tiny")), leaf("reader", "tiny"))
    return folder


def test_a_clip_is_known_by_the_mean_of_its_frames() -> None:
    person, clip = torch.tensor([0, 0, 1, 1, 0, 0, 1, 1]), torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    codes = torch.tensor([[2.0, 0], [2, 0], [0, 1], [0, 1], [3, 1], [0.5, 1], [1, 0.2], [1, -0.2]])
    # Clip 2 is nearest to person 0 on average, though one frame is not; clip 3 is taken for person 0.
    assert other_clip(F.normalize(codes, dim=-1), person, clip) == (0.5, 2)
    assert other_clip(codes, torch.arange(8) // 2, torch.arange(8) // 2)[1] == 4


def test_dots_are_where_the_landmarks_are() -> None:
    points = torch.tensor([[-0.5, 0.5]]).expand(68, 2)
    seen = dotted(torch.zeros(3, 64, 64), points)
    rows, columns = torch.nonzero(seen[1], as_tuple=True)
    assert (columns.float().mean() - 15.5).abs() < 1
    assert (rows.float().mean() - 47.5).abs() < 1
    assert sheet([seen] * 9).shape == (3, 128, 512)


def test_a_reader_on_a_film(reader: Path, tmp_path: Path) -> None:
    film = make_film(tmp_path / "film", clips=4)
    assert main(["evaluate", str(film), "--reader", str(reader), "-o", str(tmp_path / "out")]) == 0
    numbers = json.loads((tmp_path / "out" / "report.json").read_text())["numbers"]
    assert {"nme_percent", "pose_degrees", "gaze_degrees", "blink_r", "lip_r", "identity_top1"} <= numbers.keys()
    assert (numbers["people"], numbers["frames"]) == (1, 8)
    assert numbers["identity_top1"] is None  # nobody has a second clip
    with Image.open(tmp_path / "out" / "sheet.png") as picture:
        assert picture.width == 8 * 192


def test_a_reader_on_pictures(reader: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (80, 60), "grey").save(tmp_path / "nobody.png")
    assert main(["evaluate", str(tmp_path), "--reader", str(reader), "-o", str(tmp_path / "out")]) == 0
    numbers = json.loads((tmp_path / "out" / "report.json").read_text())["numbers"]
    assert numbers["pictures"] == 1
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main(["evaluate", str(empty), "--reader", str(reader), "-o", str(tmp_path / "out")]) == 2
    assert "holds neither a film nor pictures" in capsys.readouterr().err
