from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from vasa import checkpoint
from vasa.cli.train_enhancer import run
from vasa.config import instantiate, leaf
from vasa.render import VolumeRenderer
from vasa.render.enhancer import EnhancedRenderer, Enhancer
from vasa.render.enhancer.training import CycleLoss, EnhancerTraining, ReconstructionLoss
from vasa.testing import check_renderer


def _enhanced(renderer: VolumeRenderer) -> EnhancedRenderer:
    torch.manual_seed(0)
    return EnhancedRenderer(base=renderer, enhancer=instantiate(leaf("enhancer", "tiny"))).eval()


def _training(renderer: VolumeRenderer) -> EnhancerTraining:
    weights = {"reconstruction": 100.0, "cycle": 10.0}
    return EnhancerTraining(_enhanced(renderer), weights=weights, learning_rate=1e-3, warmup=1, steps=10, hold=0.0)


def test_an_enhanced_renderer_conforms(renderer: VolumeRenderer) -> None:
    check_renderer(_enhanced(renderer))


def test_the_published_enhancer_makes_1024_pixels() -> None:
    with torch.device("meta"):
        enhancer: Enhancer = instantiate(leaf("enhancer", "paper"))
        assert enhancer(torch.rand(1, 3, 512, 512)).shape == (1, 3, 1024, 1024)


def test_the_losses_are_zero_where_they_should_be() -> None:
    large = torch.rand(2, 3, 64, 64)
    assert ReconstructionLoss()(large, large) == 0
    assert CycleLoss()(large, torch.nn.functional.avg_pool2d(large, 2)) == pytest.approx(0, abs=1e-6)
    assert CycleLoss()(large + 0.1, torch.nn.functional.avg_pool2d(large, 2)) == pytest.approx(0.1, abs=1e-5)


@pytest.mark.parametrize("name", ["reconstruction", "cycle"])
def test_each_loss_teaches_the_enhancer_and_not_its_base(name: str, renderer: VolumeRenderer) -> None:
    training = _training(renderer).train()
    training.losses(torch.rand(2, 3, 64, 64))[name].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in training.renderer.enhancer.last.parameters())
    assert all(p.grad is None for p in training.renderer.base.parameters())
    assert not training.renderer.base.training


def test_a_few_steps_bring_pictures_nearer(renderer: VolumeRenderer) -> None:
    training, faces = _training(renderer), torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    picture = torch.nn.functional.interpolate(faces, (64, 64), mode="bilinear")
    optimizer = torch.optim.AdamW(training.renderer.enhancer.parameters(), lr=3e-3)

    def step() -> float:
        optimizer.zero_grad()
        loss = training.losses(picture)["reconstruction"]
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    first, *_, last = [step() for _ in range(20)]
    assert last < 0.8 * first


def _pictures(folder: Path, *, count: int, size: int = 70) -> Path:
    folder.mkdir()
    for number in range(count):
        Image.effect_noise((size, size), 60).convert("RGB").save(folder / f"{number}.png")
    return folder


def _settings(folder: Path, base: Path, *more: str) -> list[str]:
    return [
        f"base={base}", f"data.folder={folder}", "data.size_px=64", "data.batch_size=2", "data.held_out=1", "steps=2",
        "enhancer=tiny", "trainer.val_check_interval=2", "trainer.precision=32", "+trainer.enable_progress_bar=false",
        f"output={folder.parent / 'out'}", *more,
    ]  # fmt: skip


def test_the_command_leaves_a_renderer_of_twice_the_size(renderer: VolumeRenderer, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "base", renderer, leaf("renderer", "tiny"))
    run(_settings(_pictures(tmp_path / "faces", count=3), tmp_path / "base"))
    enhanced = checkpoint.load(tmp_path / "out")
    assert isinstance(enhanced, EnhancedRenderer)
    assert enhanced.image_size == 64
    torch.testing.assert_close(enhanced.base.state_dict(), renderer.state_dict())


def test_pictures_that_do_not_fit_are_refused(renderer: VolumeRenderer, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "base", renderer, leaf("renderer", "tiny"))
    few = _pictures(tmp_path / "few", count=2)
    with pytest.raises(ValueError, match="has 2 pictures; 1 are held out"):
        run(_settings(few, tmp_path / "base"))
    with pytest.raises(ValueError, match=r"data\.size_px=64"):
        run(_settings(few, tmp_path / "base", "data.size_px=128"))
    small = _pictures(tmp_path / "small", count=3, size=40)
    with pytest.raises(ValueError, match="40 x 40 pixels; take square crops of at least 64"):
        run(_settings(small, tmp_path / "base"))
