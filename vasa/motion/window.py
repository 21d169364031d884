"""What generators share that make motion window by window: beginning, checking, filling up, denoising, steadying."""

from __future__ import annotations

from typing import Protocol

import torch
from einops import repeat
from torch import Tensor

from vasa.motion.conditions import Conditions, Given, as_curve
from vasa.motion.guidance import Guidance
from vasa.motion.objective import Objective
from vasa.motion.protocol import MotionState
from vasa.motion.sampler import Denoise
from vasa.motion.schedule import Schedule
from vasa.space import MotionSpace
from vasa.types import Controls, Motion


class WindowNetwork(Protocol):
    """A network that denoises motion_dim numbers a frame, `window` frames at once, after `carry` frames before them."""

    motion_dim: int
    audio_dim: int
    window: int
    carry: int

    def __call__(self, x_t: Tensor, time: Tensor, conditions: Conditions) -> Tensor:
        """x_t [B, W, M], time [B] in [0, 1] -> prediction [B, W, M]."""
        ...


def begin(
    net: WindowNetwork, space: MotionSpace, batch_size: int, *,
    seed: int, device: torch.device, keep: int | None = None, memory: int = 0,
) -> MotionState:  # fmt: skip
    """A fresh track for each face of a batch, face b with seed + b; raises ValueError for a seed below 0 or above 62
    bits.

    keep: frames that the state holds, the network's `carry` where it is not said.
    """
    if not 0 <= seed < 1 << 62:
        raise ValueError(f"A seed is 0 or more and has at most 62 bits; got {seed}.")
    seeds = seed + torch.arange(batch_size, device=device)
    return MotionState.begin(
        seeds, space, carry=net.carry if keep is None else keep,
        motion_dim=net.motion_dim, audio_dim=net.audio_dim, memory=memory,
    )  # fmt: skip


def check(
    net: WindowNetwork, space: MotionSpace, features: Tensor, state: MotionState, *, keep: int | None = None
) -> None:
    """Raise ValueError where features or state do not fit the network, or are not finite."""
    batch, frames, dim = features.shape
    if not 1 <= frames <= net.window or dim != net.audio_dim:
        raise ValueError(
            f"A step takes features [B, 1..{net.window}, {net.audio_dim}]; got {list(features.shape)}. "
            "Cut the sound into windows, and use the audio encoder that this generator was trained with."
        )
    if not bool(features.isfinite().all()):
        raise ValueError("The features of the sound hold NaN or infinite values; mend the sound, or its encoder.")
    kept = (batch, net.carry if keep is None else keep, net.motion_dim)
    if state.motion.shape != kept or state.features.shape[-1] != dim:
        raise ValueError(
            f"The state holds motion {list(state.motion.shape)}, this generator carries {list(kept)}; "
            f"begin with its own start({batch}, seed=...)."
        )
    if state.space != space:
        raise ValueError(
            f"The state is of the space {state.space}, this generator's is {space}: it comes from another generator; "
            f"begin with its own start({batch}, seed=...)."
        )


def padded(net: WindowNetwork, features: Tensor) -> Given:
    """The sound of a whole window, unknown where it has not come."""
    batch, frames, dim = features.shape
    missing = features.new_zeros(batch, net.window - frames, dim)
    known = torch.arange(net.window, device=features.device) < frames
    return Given(torch.cat([features, missing], dim=1), repeat(known, "w -> b w", b=batch))


def denoiser(
    net: WindowNetwork, conditions: Conditions, *, schedule: Schedule, objective: Objective, guidance: Guidance
) -> Denoise:
    """What a sampler asks: the clean motion that the guided network sees."""

    def denoise(x_t: Tensor, time: Tensor) -> Tensor:
        output = guidance(net, x_t, time, conditions)
        return objective.clean(output, x_t, schedule.alpha(time), schedule.sigma(time))

    return denoise


def settled(track: Tensor, before: Tensor, inertia: float) -> Tensor:
    """p_n = a p_(n-1) + (1 - a) x_n along x [B, T, C], from p_(-1) = before [B, C]."""
    now, steady = before, []
    for asked in track.unbind(1):
        now = inertia * now + (1 - inertia) * asked
        steady.append(now)
    return torch.stack(steady, dim=1)


def check_inertia(inertia: float) -> float:
    """A share of the last pose that is kept each frame; raises ValueError where it is none."""
    if not 0 <= inertia < 1:
        raise ValueError(f"A head's inertia is 0 or more and below 1; got {inertia}.")
    return inertia


def offset(motion: Motion, controls: Controls, features: Tensor) -> Motion:
    """The motion with the pose that was asked for added."""
    if controls.pose is None:
        return motion
    return Motion(motion.pose + as_curve(controls.pose, "pose", size=6, like=features), motion.dynamics)
