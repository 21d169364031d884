"""LivePortrait's chain, frames a second: as vasa runs it, and in the plain order, with the same weights.

    python benchmarks/liveportrait.py [--frames 8] [--batch 4] [--threads 1] [--device cpu] [--model NAME]

vasa: the portrait is encoded once, spectral norms are folded, frames go through the networks in batches, in half
precision where the device computes in it. Plain: spectral norms are worked out at every call, one frame at a time, in
float32; the portrait is kept too. Without --model the weights are random, which costs the same.
"""

from __future__ import annotations

import argparse
import os

import torch
from torch import Tensor, nn

from vasa import checkpoint, device, store
from vasa.config import instantiate, leaf
from vasa.render.blocks import fold
from vasa.render.liveportrait import LivePortraitRenderer
from vasa.render.liveportrait.decoder import SpadeBlock
from vasa.render.speed import channels_last, fast
from vasa.render.timing import frames_a_second, remembered


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
    portrait = remembered(renderer, where)
    unfold(renderer)
    plain = frames_a_second(renderer, portrait, frames=arguments.frames, batch=1)
    fold(renderer)
    folded = frames_a_second(renderer, portrait, frames=arguments.frames, batch=arguments.batch)
    channels_last(renderer)
    with fast(where):
        ours = frames_a_second(renderer, portrait, frames=arguments.frames, batch=arguments.batch)
    print(f"{where}, {arguments.threads} threads, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}")
    print(f"frames a second in plain order: {plain:.3f}; folded, in batches: {folded:.3f}, {folded / plain:.2f} times")
    print(f"as vasa runs it: {ours:.3f}, {ours / plain:.2f} times")


if __name__ == "__main__":
    main()
