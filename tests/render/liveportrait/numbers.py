"""Everything that is compared: the networks on made-up weights and inputs, and what they give on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from tests.render.liveportrait.filling import normal
from vasa.render.liveportrait import LivePortraitRenderer
from vasa.render.liveportrait.motion import degrees

# Name of a number -> the module whose output it is.
OF_F = {
    "F.first": "appearance.first", "F.second": "appearance.lift", "F.res0": "appearance.refine.0",
    "F.volume": "appearance",
}  # fmt: skip
OF_M = {
    "M.down0": "motion.trunk.stem", "M.pooled": "motion.trunk", "M.stage0_block0": "motion.trunk.stages.0.blocks.0",
    **{f"M.down{i}": f"motion.trunk.stages.{i}.downsample" for i in (1, 2, 3)},
    **{f"M.stage{i}": f"motion.trunk.stages.{i}" for i in range(4)},
}  # fmt: skip
OF_W = {
    "compress_norm": "warp.dense.norm", "hourglass": "warp.dense.hourglass", "mask_logits": "warp.dense.mask",
    **{f"hourglass_up{i}": f"warp.dense.hourglass.up.{i}" for i in range(5)},
    "third": "warp.third", "out": "warp",
}  # fmt: skip
OF_G = {
    "fc": "decoder.first", "middle0_norm0": "decoder.middle.0.norm_in", "up0": "decoder.up.0", "up1": "decoder.up.1",
    **{f"middle{i}": f"decoder.middle.{i}" for i in range(6)}, "image_logits": "decoder.last", "image": "decoder",
}  # fmt: skip


@contextmanager
def watched(model: nn.Module, places: dict[str, str]) -> Iterator[dict[str, Tensor]]:
    """Outputs of some modules of a model, by name, filled in while it runs."""
    seen: dict[str, Tensor] = {}

    def keep(name: str, value: Tensor) -> None:
        seen[name] = value

    handles = [
        model.get_submodule(place).register_forward_hook(lambda _, __, out, name=name: keep(name, out))
        for name, place in places.items()
    ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def given(name: str, *shape: int) -> Tensor:
    return torch.from_numpy(normal(f"input/{name}", shape))


def picture(name: str) -> Tensor:
    """[1, 3, 256, 256] in squares of 16 pixels."""
    return (0.5 + 0.25 * given(f"image_{name}", 1, 3, 16, 16)).clamp(0, 1).repeat_interleave(16, 2).repeat_interleave(16, 3)
