"""Dynamics in another basis: those of a trained renderer become the ones that labels stand for at full size.

An encoder that reads eyes with r = 0.7 gives them 0.7 of their size, and the line from labels to such dynamics would go
three times beyond what the renderer ever saw. Here dynamics are defined by the labels (`Meaning.principal`), the
encoder's last layer is fitted to them, and the layers that dynamics steer are told, by a linear map that is folded into
their weights, what they were told before. Not in the papers, whose footage has no labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from vasa.geometry import POSE
from vasa.render.meaning import Meaning
from vasa.render.volume import VolumeRenderer
from vasa.space import MotionSpace

_RIDGE = 1e-3  # of the mean variance of what is regressed on
_READING = 0.03  # the same for encoders, which are to read people whom nobody showed them


@torch.no_grad()
def rebase(renderer: VolumeRenderer, frames: Tensor, pose: Tensor, labels: Tensor, spread: Tensor) -> None:
    """frames [F, 3, H, W] uint8 in poses [F, 6] show labels [F, E] that vary by spread [E]; changes the renderer.

    Raises ValueError where it has a closeup, which would not know the new numbers, where there are fewer frames than
    numbers that are fitted to them, or fewer labels than dynamics.
    """
    if renderer.closeup is not None:
        raise ValueError("A renderer is rebased before it is given a closeup; this one has one.")
    meaning = Meaning.principal(labels, spread, dynamics=renderer.space.dynamics)
    last = renderer.dynamics.last
    parts = zip(frames.split(50), pose.split(50), strict=True)
    with _heard(last) as heard:
        before = torch.cat([renderer.dynamics(some.float() / 255, at).float() for some, at in parts])
    seen = torch.cat(heard)
    weight, bias = regressed(seen, meaning.dynamics_of(labels), ridge=_READING)
    last.weight.copy_(weight)
    last.bias.copy_(bias)
    told = torch.cat([seen @ weight.mT + bias, meaning.dynamics_of(labels)])  # as it is read, and as it is said
    for steered in _steered(renderer):
        _refer(steered, *regressed(told, before.repeat(2, 1)))
    renderer.meaning = meaning
    renderer.space = MotionSpace.plain(renderer.space.dynamics, name=renderer.space.name)


def regressed(x: Tensor, y: Tensor, *, ridge: float = _RIDGE) -> tuple[Tensor, Tensor]:
    """The line of least squares, with a ridge of so much of the mean variance, from x [F, N] to y [F, K]: weight [K, N]
    and bias [K]. Raises ValueError where there are fewer frames than N."""
    if len(x) <= x.shape[1]:
        raise ValueError(f"{len(x)} frames are too few to fit {x.shape[1]} numbers to: take more frames.")
    middle_x, middle_y = x.double().mean(0), y.double().mean(0)
    apart = x.double() - middle_x
    gram = apart.mT @ apart / len(x)
    gram.diagonal().add_(ridge * gram.diagonal().mean())
    weight = torch.linalg.solve(gram, apart.mT @ (y.double() - middle_y) / len(x)).mT
    return weight.float(), (middle_y - weight @ middle_x).float()


def _steered(renderer: VolumeRenderer) -> list[nn.Linear]:
    """The layers that are told the latents."""
    steer = renderer.projection.steer
    return [renderer.to_canonical.motion, renderer.to_posed.motion, *([] if steer is None else [steer])]


def _refer(layer: nn.Linear, weight: Tensor, bias: Tensor) -> None:
    """Let a layer of latents hear weight z + bias where it heard the dynamics z."""
    dynamics = layer.weight[:, len(POSE) :].clone()
    layer.bias.add_(dynamics @ bias)
    layer.weight[:, len(POSE) :] = dynamics @ weight


@contextmanager
def _heard(layer: nn.Linear) -> Iterator[list[Tensor]]:
    """What a layer is given while the context is open, call by call."""
    heard: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, given: heard.append(given[0].float()))
    try:
        yield heard
    finally:
        hook.remove()
