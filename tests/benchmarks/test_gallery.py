"""The gallery's list is that of its commands, which are understood; clips are made where their files are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import torch
from PIL import ExifTags, Image

from benchmarks import gallery
from vasa.cli import parser
from vasa.media.sound import load_sound
from vasa.media.video import SYNTHETIC, VideoReader, VideoWriter


def test_the_list_is_up_to_date() -> None:
    assert (gallery.GALLERY / "README.md").read_text() == gallery.readme()


def test_every_command_is_understood_and_its_portrait_is_there() -> None:
    for clip in gallery.CLIPS:
        assert callable(parser().parse_args(clip.words("mini")).run)
        assert clip.portrait in clip.needs or (gallery.GALLERY / clip.portrait).is_file()
    assert len({clip.name for clip in gallery.CLIPS}) == len(gallery.CLIPS)


def test_what_is_committed_is_small() -> None:
    sizes = {path.name: path.stat().st_size for path in gallery.GALLERY.glob("*.mp4")}
    assert all(size <= gallery.MOST_BYTES for size in sizes.values()), sizes


def test_clips_are_made_where_their_files_are(tmp_path: Path) -> None:
    free = tmp_path / "elsewhere"
    free.mkdir()
    (free / "monalisa.jpg").write_bytes(b"a painting")
    ran: list[list[str]] = []

    def animate(words: list[str], folder: Path) -> None:
        ran.append(words)
        assert (folder / words[2]).is_file() or "people" in words[1]
        (folder / words[words.index("-o") + 1]).write_bytes(b"a clip")

    def speak(words: list[str], folder: Path) -> None:
        soundfile.write(folder / words[words.index("-w") + 1], np.zeros(100), 16_000)

    made = gallery.make(gallery.CLIPS, tmp_path, free, "mini", animate, speak)
    at_hand = [clip.name for clip in gallery.CLIPS if set(clip.needs) <= {"free/monalisa.jpg"}]
    assert [path.stem for path in made] == at_hand
    assert "painting" in at_hand
    assert all(words[-2:] == ["--model", "mini"] for words in ran)
    assert (tmp_path / "free" / "monalisa.jpg").is_file()


def test_a_large_clip_is_encoded_again(tmp_path: Path, monkeypatch) -> None:
    place, random = tmp_path / "a.mp4", torch.Generator().manual_seed(0)
    with VideoWriter(place, (64, 64)) as writer:
        writer.write(torch.rand(10, 3, 64, 64, generator=random), 0.1 * torch.randn(6400, generator=random))
    before = place.stat().st_size
    assert gallery.smaller(place).stat().st_size == before
    monkeypatch.setattr(gallery, "MOST_BYTES", 1000)
    assert gallery.smaller(place).stat().st_size < before
    again = VideoReader(place)
    assert (len([*again]), again.title, again.size) == (10, SYNTHETIC, (64, 64))
    assert abs(len(load_sound(place)) - 6400) <= 2048
    gallery.loop([place, place], tmp_path / "a.webp")
    gallery.sheet([place], tmp_path / "sheet.png")
    animated = Image.open(tmp_path / "a.webp")
    assert (animated.n_frames, animated.getexif()[ExifTags.Base.ImageDescription]) == (5, SYNTHETIC)
    assert animated.size == (2 * gallery.LOOP_PX, gallery.LOOP_PX)


def test_what_the_loop_shows_is_in_the_gallery() -> None:
    assert set(gallery.LOOPED) <= {clip.name for clip in gallery.CLIPS}
