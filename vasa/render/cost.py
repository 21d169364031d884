"""How much a renderer computes: once a face, and for every frame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from vasa.config import instantiate
from vasa.render.protocol import Renderer
from vasa.types import Motion


@dataclass(frozen=True)
class Cost:
    """Floating-point operations of convolutions and matrix products, by part and "all"; a multiply-add counts as two.

    face: what is done once a face; frame: what every frame costs.
    """

    face: Mapping[str, int]
    frame: Mapping[str, int]


def cost(config: Mapping[str, Any]) -> Cost:
    """Count for the renderer of a `_target_` tree; it is described, not filled, and nothing is computed."""
    with torch.device("meta"), torch.no_grad():
        renderer = instantiate(config).eval()
        assert isinstance(renderer, Renderer)
        assert isinstance(renderer, nn.Module)
        side, portrait = renderer.image_size, []
        face = counted(renderer, lambda: portrait.append(renderer.encode(torch.rand(1, 3, side, side))))
        motion = Motion(torch.rand(1, 1, 6), torch.rand(1, 1, renderer.space.dynamics))
        return Cost(face, counted(renderer, lambda: renderer.render(portrait[0], motion)))


def counted(model: nn.Module, act: Callable[[], object]) -> dict[str, int]:
    """What the parts of a model compute while something is done with it."""
    found: dict[str, int] = defaultdict(int)
    with FlopCounterMode(display=False) as counter:
        hooks = [hook for name, part in model.named_children() for hook in _watched(part, name, counter, found)]
        act()
        found["all"] = counter.get_total_flops()
    for hook in hooks:
        hook.remove()
    return found


def _watched(part: nn.Module, name: str, counter: FlopCounterMode, found: dict[str, int]) -> list[Any]:
    """Hooks that add to `found[name]` what the counter counts from the part's begin to its end."""

    def begin(*_: object) -> None:
        found[name] -= counter.get_total_flops()

    def end(*_: object) -> None:
        found[name] += counter.get_total_flops()

    return [part.register_forward_pre_hook(begin), part.register_forward_hook(end)]
