"""The mark is found after H.264 and cropping, is not seen, and is not found where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from vasa.cli import main
from vasa.media.recoding import recoded
from vasa.media.video import VideoReader, VideoWriter
from vasa.media.watermark import FOUND, STRENGTH, pattern, score, stamp


def footage(seed: int, *, frames: int = 6, size: tuple[int, int] = (160, 208)) -> list[Tensor]:
    """Soft blobs that drift, with a little noise of the camera."""
    random = torch.Generator().manual_seed(seed)
    blobs = F.interpolate(torch.rand(1, 3, 9, 9, generator=random), size, mode="bicubic")[0]
    noise = 0.02 * torch.randn(frames, 3, *size, generator=random)
    return [(blobs.roll(2 * n, -1) + noise[n]).clamp(0, 1) for n in range(frames)]


def write(path: Path, frames: list[Tensor]) -> list[Tensor]:
    with VideoWriter(path, (frames[0].shape[1], frames[0].shape[2]), sound=False) as writer:
        writer.write(torch.stack(frames))
    return list(VideoReader(path))


def test_the_pattern_is_balanced_and_has_no_seams() -> None:
    mark = pattern()
    assert mark.mean().abs() < 1e-6
    assert mark.square().mean().sqrt() == pytest.approx(1, abs=1e-5)
    inside = mark.diff(dim=0).abs().mean()
    assert (mark[0] - mark[-1]).abs().mean() < 2 * inside


def test_a_marked_frame_differs_by_the_strength_of_the_mark() -> None:
    grey = torch.full((3, 90, 70), 0.5)
    change = stamp(grey) - grey
    assert change.square().mean().sqrt() == pytest.approx(STRENGTH, rel=0.1)
    assert change.abs().max() < 5 * STRENGTH


@pytest.mark.parametrize("seed", range(8))
def test_other_pictures_do_not_have_the_mark(seed: int) -> None:
    assert score(footage(seed)) < FOUND - 1


def test_what_vasa_writes_has_the_mark_and_keeps_it_when_cropped(tmp_path: Path) -> None:
    read = write(tmp_path / "a.mp4", footage(0))
    assert score(read) > FOUND + 3
    assert score(frame[:, 17:, 31:] for frame in read) > FOUND


@pytest.mark.parametrize("rate_factor", [20, 24])
def test_the_mark_outlives_another_encoding(rate_factor: int) -> None:
    marked = torch.stack([stamp(frame) for frame in footage(3, frames=12, size=(384, 384))])
    pixels = (rearrange(marked, "t c h w -> t h w c") * 255).round().byte().numpy()
    again = torch.from_numpy(recoded(recoded(pixels, rate_factor=18), rate_factor=rate_factor)).float() / 255
    assert score(rearrange(again, "t h w c -> t c h w")) > FOUND


@pytest.mark.parametrize("scale", [0.6, 0.78, 1.5])
def test_the_mark_is_found_in_another_size(scale: float) -> None:
    marked = torch.stack([stamp(frame) for frame in footage(5, frames=24, size=(384, 384))])
    seen = F.interpolate(marked, scale_factor=scale, mode="bilinear", antialias=True).clamp(0, 1)
    assert score(seen) > FOUND


def test_the_command_tells_marked_videos_from_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a.mp4", footage(1))
    assert main(["verify", str(tmp_path / "a.mp4")]) == 0
    assert "made by vasa" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "none.mp4")]) == 2


def test_the_command_does_not_find_it_in_other_videos(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vasa.media.video.stamp", lambda frames: frames)
    write(tmp_path / "b.mp4", footage(2))
    with pytest.raises(SystemExit, match="1"):
        main(["verify", str(tmp_path / "b.mp4")])
    assert "no mark of vasa was found" in capsys.readouterr().out
