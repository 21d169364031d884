"""Which frames of a film a renderer's training sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.films import make_film
from vasa.data.film import FilmPairs, behind_skin, brought_to, clips_of, rarity, shrunk
from vasa.people.regions import PARTS


def test_frames_of_closed_eyes_are_drawn_more_often(tmp_path: Path) -> None:
    """A fifth of the frames blink and count five times as much: 5 / 9 of the drawn ones."""
    film = FilmPairs(str(make_film(tmp_path, clips=2, frames=10)), split="train", drivers=7)
    labels = film.clips[0].labels
    labels["blink"] = torch.zeros(10, 2)
    labels["blink"][[3, 8]] = 1.0
    labels["lip_opening"], labels["gaze"] = torch.zeros(10), torch.zeros(10, 2)
    blinking = {film.clips[0].frames(np.array([n])).float().mean().item() for n in (3, 8)}
    drawn = torch.cat([film[n]["frames"].float().mean((1, 2, 3)) for n in range(100)])
    share = sum(round(v, 4) in {round(b, 4) for b in blinking} for v in drawn.tolist()) / len(drawn)
    assert abs(share - 10 / 18) < 0.06


def test_films_of_several_sizes_are_learned_at_one(tmp_path: Path) -> None:
    films = [str(make_film(tmp_path / str(size), size=size)) for size in (32, 64)]
    both = FilmPairs(films, split="train", drivers=1, readings=2, size=32)
    assert len(both.clips) == sum(len(FilmPairs(film, split="train", drivers=1).clips) for film in films)
    for number in range(8):
        sample = both[number]
        assert sample["frames"].shape == (2, 3, 32, 32)
        assert sample["place"].shape == (2, 5, 8, 8)
        assert sample["read_frames"].shape == (2, 3, 32, 32)


def test_a_smaller_frame_shows_the_same_at_the_same_place(tmp_path: Path) -> None:
    large = clips_of(make_film(tmp_path, size=64), "train")[0]
    smaller = brought_to(32, large.frames(slice(0, 2)))
    kept = F.avg_pool2d(large.frames(slice(0, 2)).float(), 2)
    assert smaller.dtype == torch.uint8
    assert (smaller.float() - kept).abs().mean() < 4
    assert torch.equal(shrunk(large.place(slice(0, 2)), (8, 8)), large.place(slice(0, 2))[..., ::2, ::2])


def test_open_mouths_and_looks_aside_are_drawn_more_often() -> None:
    gaze = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.3, 0.4]])
    labels = {"blink": torch.zeros(4, 2), "lip_opening": torch.tensor([0.0, 0.1, 5.0, 0.0]), "gaze": gaze}
    assert torch.allclose(rarity(labels), torch.tensor([1.0, 2.0, 4.0, 4.0]))


def test_frames_maps_and_sound_are_those_that_were_filmed(tmp_path: Path) -> None:
    clip = clips_of(make_film(tmp_path), "train")[1]
    some = np.array([7, 2])
    np.testing.assert_array_equal(clip.frames(some), clip.frames(slice(None))[some])
    np.testing.assert_array_equal(clip.place(some), clip.place(slice(None))[some])
    assert clip.place(slice(None)).shape == (12, 5, 8, 8)
    assert set(clip.place(slice(None))[:, 4].unique().tolist()) == {0, 2}
    assert clip.parts(some).shape == (2, 16, 16)
    np.testing.assert_array_equal(clip.parts(some)[:, ::2, ::2], clip.place(some)[:, 4])
    np.testing.assert_allclose(clip.speech(), np.sin(np.arange(12 * 640) / 20) / 4, atol=1e-4)


def test_a_film_of_another_version_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "film.json").write_text('{"version": 2, "clips": []}')
    with pytest.raises(ValueError, match=r"version 2, this vasa reads version 3: film it again\.$"):
        clips_of(tmp_path, "train")


def test_teeth_and_what_is_behind_them_show_between_lips_and_eyeballs_between_lids() -> None:
    parts = torch.arange(len(PARTS), dtype=torch.uint8)[None, None]
    between = behind_skin(parts)[0, :, 0].bool().tolist()
    assert [{name for name, shown in zip(PARTS, row, strict=True) if shown} for row in between] == [
        {"teeth", "mouth"},
        {"eyes"},
    ]
