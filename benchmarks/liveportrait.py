"""LivePortrait's chain, frames a second: as vasa runs it, and in the plain order, with the same weights.

    python benchmarks/liveportrait.py [--frames 8] [--batch 4] [--threads 1] [--device cpu] [--model NAME]

vasa: the portrait is encoded once, spectral norms are folded, frames go through the networks in batches. Plain:
spectral norms are worked out at every call, one frame at a time; the portrait is kept too. Without --model the weights
are random, which costs the same.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from vasa import checkpoint, device, store
from vasa.config import instantiate, leaf
from vasa.render.liveportrait import LivePortraitRenderer
from vasa.render.liveportrait.decoder import SpadeBlock
from vasa.render.speed import channels_last
from vasa.types import Motion, Portrait


class LiveNorm(nn.Module):
    """The spectral norm as it is stored, worked out at every call, as for a network that was not folded."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        left = torch.nn.functional.normalize(torch.randn(len(weight)), dim=0).to(weight)
        right = torch.nn.functional.normalize(weight.flatten(1).T @ left, dim=0)
        self.left, self.right, self.size = left, right, left @ weight.flatten(1) @ right

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.size / (self.left @ weight.flatten(1) @ self.right)


def unfold(renderer: LivePortraitRenderer) -> None:
    """Put the norms back on the convolutions that have them; the weights stay what they are."""
    for block in renderer.decoder.modules():
        if isinstance(block, SpadeBlock):
            for name in ("conv_in", "conv_out", "conv_skip"):
                if layer := getattr(block, name, None):
                    nn.utils.parametrize.register_parametrization(layer, "weight", LiveNorm(layer.weight.detach()))


@torch.inference_mode()
def speed(show: Callable[[Motion], None], motion: Motion, batch: int, where: torch.device) -> float:
    """Frames a second, after one batch to warm up."""
    show(motion[slice(0, batch)])
    started = time.perf_counter()
    for start in range(0, motion.length, batch):
        show(motion[slice(start, start + batch)])
    if where.type == "cuda":
        torch.cuda.synchronize(where)
    return motion.length / (time.perf_counter() - started)


def load(name: str | None, where: torch.device) -> LivePortraitRenderer:
    if name is None:
        torch.manual_seed(0)
        renderer = instantiate(leaf("renderer", "liveportrait")).eval()
    else:
        renderer = checkpoint.load(store.find(name).parts["renderer"])
    return renderer.to(where)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--frames", type=int, default=8)
    options.add_argument("--batch", type=int, default=4)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--device", default="cpu")
    options.add_argument("--model", help="a model whose renderer is LivePortrait's (default: random weights)")
    arguments = options.parse_args()
    torch.set_num_threads(arguments.threads)
    where = device.choose(arguments.device)
    renderer = load(arguments.model, where)
    with torch.inference_mode():
        portrait: Portrait = renderer.encode(torch.rand(1, 3, renderer.image_size, renderer.image_size, device=where))
    frames = portrait.motion.frames()[:, None] + 0.02 * torch.randn(1, arguments.frames, 69, device=where)
    motion = Motion(frames[..., :6], frames[..., 6:])

    def show(some: Motion) -> None:
        renderer.render(portrait, some)

    unfold(renderer)
    plain = speed(show, motion, 1, where)
    for layer in renderer.decoder.modules():
        if nn.utils.parametrize.is_parametrized(layer, "weight"):
            nn.utils.parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    channels_last(renderer)
    ours = speed(show, motion, arguments.batch, where)
    print(f"{where}, {arguments.threads} threads, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}")
    print(f"plain order: {plain:.3f} frames a second; vasa: {ours:.3f}; ratio {ours / plain:.2f}")


if __name__ == "__main__":
    main()
