"""Pictures of every mode become the same tensor, and bad ones one plain sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vasa.media.picture import load_picture, save_picture

RED_GREEN = np.zeros((4, 6, 3), np.uint8)
RED_GREEN[:, :3, 0], RED_GREEN[:, 3:, 1] = 255, 255  # left half red, right half green


@pytest.mark.parametrize(("name", "tolerance"), [("a.png", 0), ("a.jpg", 0.06), ("a.webp", 0.06)])
def test_what_is_saved_is_loaded(tmp_path, name, tolerance):
    picture = torch.rand(3, 3, 2).repeat_interleave(16, 1).repeat_interleave(16, 2)
    save_picture(picture, tmp_path / name)
    difference = (load_picture(tmp_path / name) - picture).abs().mean()
    assert difference <= tolerance + 0.5 / 255


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK"])
def test_colour_modes_agree(tmp_path, mode):
    file = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.fromarray(RED_GREEN).convert(mode).save(file)
    expected = torch.from_numpy(RED_GREEN).movedim(-1, 0) / 255
    torch.testing.assert_close(load_picture(file), expected)


def test_cmyk_jpeg_keeps_its_colours(tmp_path):
    Image.new("RGB", (32, 32), (200, 30, 30)).convert("CMYK").save(tmp_path / "a.jpg")
    red, green, blue = load_picture(tmp_path / "a.jpg").mean((1, 2))
    assert red > 0.7
    assert max(green, blue) < 0.2


def test_exif_rotation_is_undone(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by 90 degrees to see it upright
    Image.fromarray(RED_GREEN).save(tmp_path / "a.png", exif=exif)
    picture = load_picture(tmp_path / "a.png")
    assert picture.shape == (3, 6, 4)
    assert picture[0, 0].min() == 1  # the left half is on top now


@pytest.mark.parametrize("alpha", [0, 128, 255])
def test_transparency_shows_grey(alpha):
    layers = np.full((2, 2, 4), 255, np.uint8)
    layers[..., 3] = alpha
    expected = alpha / 255 + 0.5 * (1 - alpha / 255)
    torch.testing.assert_close(load_picture(Image.fromarray(layers)), torch.full((3, 2, 2), expected))


def test_sixteen_bits_are_kept(tmp_path):
    levels = np.array([[0, 1, 30_000, 65_535]], np.uint16)
    Image.fromarray(levels).save(tmp_path / "a.png")
    expected = torch.from_numpy(levels / 65_535).float().expand(3, 1, 4)
    torch.testing.assert_close(load_picture(tmp_path / "a.png"), expected)
    torch.testing.assert_close(load_picture(levels), expected)


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("grey", [True, False])
def test_arrays_and_tensors_agree_with_files(kind, grey):
    array = RED_GREEN[..., 0] if grey else RED_GREEN
    values = array if kind is np.uint8 else (array / 255).astype(kind)
    expected = load_picture(Image.fromarray(array))
    torch.testing.assert_close(load_picture(values), expected)
    tensor = torch.from_numpy(values)
    torch.testing.assert_close(load_picture(tensor[None] if grey else tensor.movedim(-1, 0)), expected)


def test_callers_mistakes_are_plain_sentences(tmp_path):
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty.png").touch()
    save_picture(torch.rand(3, 64, 64), tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:2000])
    for source, words in [
        (tmp_path / "none.png", "There is no file"),
        (tmp_path, "is a folder"),
        (tmp_path / "text.png", "not a picture"),
        (tmp_path / "empty.png", "is empty"),
        (tmp_path / "half.png", "damaged"),
        (torch.full((3, 4, 4), torch.nan), "NaN"),
        (np.full((4, 4), 200.0), "in \\[0, 1\\]"),
        (np.zeros((4, 4), np.int64), "int64"),
        (np.zeros((3, 4, 4, 3)), "shape"),
        (np.zeros((0, 4, 3)), "no pixels"),
    ]:
        with pytest.raises((ValueError, FileNotFoundError), match=words) as raised:
            load_picture(source)
        assert "\n" not in str(raised.value)


def test_saving_into_a_missing_folder_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        save_picture(torch.rand(3, 4, 4), tmp_path / "none" / "a.png")


def test_a_failed_write_leaves_the_old_picture(tmp_path, monkeypatch):
    save_picture(torch.ones(3, 4, 4), tmp_path / "a.png")

    def fails(self, file, **_):
        Path(file).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("PIL.Image.Image.save", fails)
    with pytest.raises(OSError, match="No space left"):
        save_picture(torch.zeros(3, 4, 4), tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert load_picture(tmp_path / "a.png").min() == 1


def test_bytes_of_a_file_are_a_picture(tmp_path):
    save_picture(torch.rand(3, 4, 4), tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    assert torch.equal(load_picture(data), load_picture(tmp_path / "a.png"))


@pytest.mark.parametrize(("source", "complaint"), [(None, "got a NoneType"), ("https://a.b/c.png", "download it")])
def test_what_is_no_picture_at_all_is_told(source, complaint):
    with pytest.raises(ValueError, match=complaint):
        load_picture(source)
