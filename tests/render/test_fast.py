"""The light renderer's design, small enough to be trained here."""

from __future__ import annotations

from pathlib import Path

import torch

from vasa import checkpoint
from vasa.cli.train_renderer import run
from vasa.config import compose, instantiate
from vasa.data.film import FilmPairs
from vasa.render import VolumeRenderer

SMALL = [
    "renderer=fast", "renderer.image_size=32", "renderer.to_canonical.size=[16,4,4]", "renderer.to_posed.size=[16,4,4]",
    "renderer.to_canonical.widths=[16,8,8,8]", "renderer.to_posed.widths=[16,8,8,8]", "renderer.projection.width=32",
    "renderer.decoder.widths=[32,32]", "renderer.appearance.widths=[16,16,32]", "renderer.canonical.widths=[24,24,24]",
    *(f"renderer.{part}.size=32" for part in ("identity", "pose", "dynamics")), "data.readings=0",
]  # fmt: skip


def _error(renderer: VolumeRenderer, film: Path) -> float:
    """How far shown frames of a held-out clip are from the true ones."""
    frames = FilmPairs(str(film), split="test", drivers=4, seed=1)[0]["frames"].float() / 255
    with torch.no_grad():
        shown = renderer.render(renderer.encode(frames[:1]), renderer.motion_of(frames[None, 1:]))
    return float((shown[0] - frames[1:]).abs().mean())


def test_the_command_teaches_it(film: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    before = instantiate(compose("train_renderer", SMALL).renderer).eval()
    run([
        *SMALL, f"data.folder={film}", f"output={tmp_path}", "steps=30", "training.warmup=1", "data.batch_size=2",
        "data.drivers=2", "data.held_out=2", "trainer.val_check_interval=30", "trainer.precision=32", "average=0",
        "training.learning_rate=2e-3", "+trainer.enable_progress_bar=false",
    ])  # fmt: skip
    assert _error(checkpoint.load(tmp_path), film) < 0.95 * _error(before, film)
