from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from vasa.data.latents import Latents, Windows, WindowStream, head


@pytest.fixture
def latents(folder: Path) -> Latents:
    return Latents.load(folder)


def test_motion_comes_normalised(latents: Latents) -> None:
    rows = torch.cat([clip.motion for split in latents.clips.values() for clip in split])
    torch.testing.assert_close(rows.mean(0), torch.zeros(14), rtol=0, atol=0.01)
    torch.testing.assert_close(rows.std(0), torch.ones(14), rtol=0, atol=0.02)


def test_windows_hold_frames_in_order_and_mark_what_lies_outside(latents: Latents) -> None:
    clips = latents.split("train")
    drawn = Windows(clips, window=10, carry=4).draw(200, torch.Generator().manual_seed(0))
    assert drawn.motion.shape == (200, 14, 14)
    assert drawn.known[:, 4:].all()  # every clip is longer than a window
    begins = ~drawn.known[:, 0]
    assert 0 < begins.float().mean() < 0.5
    for features, known in zip(drawn.features, drawn.known, strict=True):
        assert any(_contains(clip.features, features[known]) for clip in clips)


def _contains(clip: torch.Tensor, piece: torch.Tensor) -> bool:
    return any(torch.equal(clip[i : i + len(piece)], piece) for i in range(len(clip) - len(piece) + 1))


def test_a_clip_shorter_than_a_window_is_used_and_masked(latents: Latents) -> None:
    short = latents.split("train")[0].map(lambda value: value[:6])
    drawn = Windows([short], window=10, carry=4).draw(3, torch.Generator())
    assert drawn.known.tolist() == [[False] * 4 + [True] * 6 + [False] * 4] * 3


def test_a_stream_that_resumes_goes_on_where_it_was(latents: Latents) -> None:
    windows = Windows(latents.split("train"), window=10, carry=4)
    whole, rest = (iter(WindowStream(windows, batch_size=2, seed=1, first=first.__int__)) for first in (0, 2))
    batches = [next(whole) for _ in range(3)]
    assert torch.equal(batches[2].motion, next(rest).motion)
    assert not torch.equal(batches[0].motion, batches[1].motion)


def test_the_drawn_clips_are_one_batch(latents: Latents) -> None:
    assert head(latents.split("test"), frames=20, count=5).motion.shape == (2, 20, 14)
    assert head(latents.split("test"), frames=900, count=5).motion.shape[1] == 45  # the shorter one


def test_what_is_not_latents_says_so(folder: Path, latents: Latents, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no latents\.json"):
        Latents.load(tmp_path)
    listing = json.loads((folder / "latents.json").read_text())
    (tmp_path / "latents.json").write_text(json.dumps(listing))
    with pytest.raises(ValueError, match="missing or damaged"):
        Latents.load(tmp_path)
    (tmp_path / "latents.json").write_text(json.dumps(listing | {"version": 9}))
    with pytest.raises(ValueError, match="version 9"):
        Latents.load(tmp_path)
    with pytest.raises(ValueError, match="no 'validation' clips"):
        latents.split("validation")
