"""A renderer whose dynamics are rebased shows what it showed, and labels are its dynamics."""

from __future__ import annotations

import copy

import pytest
import torch

from vasa.config import instantiate, leaf
from vasa.render import VolumeRenderer
from vasa.render.reader_dynamics import ReaderDynamics
from vasa.render.rebase import rebase, regressed


def _scene(frames: int = 300) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pictures whose colour, brightness and slope are what the labels say, and their poses."""
    random = torch.Generator().manual_seed(0)
    labels = torch.rand(frames, 10, generator=random)
    ramp = torch.linspace(-0.3, 0.3, 32).expand(frames, 3, 32, 32) * labels[:, 3, None, None, None]
    pictures = (labels[:, :3, None, None] * 0.7 + 0.15 + ramp).clamp(0, 1)
    return (pictures * 255).byte(), 0.1 * torch.randn(frames, 6, generator=random), labels


@pytest.mark.parametrize("by_reader", [False, True])
def test_what_was_shown_is_shown_by_other_numbers(renderer: VolumeRenderer, by_reader: bool) -> None:
    if by_reader:
        renderer.dynamics = ReaderDynamics(reader=instantiate(leaf("reader", "tiny")), dim=8, hidden=4).eval()
    for warp in (renderer.to_canonical, renderer.to_posed):
        torch.nn.init.normal_(warp.offsets.weight, std=0.05)
    frames, pose, _ = _scene(800)
    before = copy.deepcopy(renderer)
    with torch.no_grad():  # labels that say all that the dynamics do
        labels = renderer.dynamics(frames.float() / 255, pose) @ torch.randn(8, 10)
    rebase(renderer, frames, pose, labels, labels.std(0))
    pictures, drivers = frames[:4].float() / 255, frames[4:8].float() / 255
    with torch.no_grad():
        old = before.render(before.encode(pictures), before.motion_of(drivers[:, None]))
        new = renderer.render(renderer.encode(pictures), renderer.motion_of(drivers[:, None]))
        wrong = before.render(before.encode(pictures), renderer.motion_of(drivers[:, None]))
    assert float((new - old).abs().mean()) < 0.2 * float((wrong - old).abs().mean())


def test_dynamics_read_what_labels_say(renderer: VolumeRenderer) -> None:
    frames, pose, labels = _scene()
    labels[:, 4:] *= 0.2
    rebase(renderer, frames, pose, labels, torch.ones(10))
    assert renderer.meaning is not None
    told = renderer.meaning.dynamics_of(labels)
    said = renderer.meaning(told)
    assert torch.corrcoef(torch.stack([said[:, 0], labels[:, 0]]))[0, 1] > 0.6
    seen = renderer.dynamics(frames.float() / 255, pose)
    read = renderer.meaning(seen)[:, :3]
    agree = [float(torch.corrcoef(torch.stack([read[:, i], labels[:, i]]))[0, 1]) for i in range(3)]
    assert min(agree) > 0.5
    spread = told.std(0)
    assert float(spread.max() / spread.min()) < 3  # no dynamics is a detail


def test_too_few_frames_are_refused(renderer: VolumeRenderer) -> None:
    frames, pose, labels = _scene(12)
    with pytest.raises(ValueError, match="12 frames are too few"):
        rebase(renderer, frames, pose, labels, torch.ones(10))


def test_a_line_is_found() -> None:
    random = torch.Generator().manual_seed(0)
    x, weight, bias = (torch.randn(shape, generator=random) for shape in ((500, 4), (3, 4), (3,)))
    found = regressed(x, x @ weight.mT + bias)
    torch.testing.assert_close(found, (weight, bias), atol=0.02, rtol=0.01)


def test_a_renderer_with_a_closeup_is_refused(renderer: VolumeRenderer) -> None:
    renderer.closeup = instantiate(leaf("closeup", "tiny"))
    frames, pose, labels = _scene(20)
    with pytest.raises(ValueError, match="before it is given a closeup"):
        rebase(renderer, frames, pose, labels, torch.ones(10))
