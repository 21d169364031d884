"""Tables in JoyVASA's checkpoint that vasa computes itself: what is stored must agree."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vasa.motion.joyvasa.denoiser import Denoiser, sinusoids
from vasa.motion.schedule import Schedule

SINUSOIDS = ("denoising_net.TE.pe", "denoising_net.PE.pe")
MASK = "denoising_net.alignment_mask"  # True where frame i may not see the sound of frame j
SIGNAL = "diffusion_sched.alpha_bars"
FOLLOW = tuple(f"diffusion_sched.{name}" for name in ("betas", "alphas", "sigmas_flex", "sigmas_inflex"))  # from SIGNAL
TABLES = (*SINUSOIDS, MASK, SIGNAL, *FOLLOW)


def check(weights: Mapping[str, Tensor], net: Denoiser, schedule: Schedule, place: object) -> None:
    """Raise ValueError, naming the file `place`, where a table among the weights is not what vasa computes."""
    for name in weights.keys() & set(TABLES) - set(FOLLOW):
        stored = weights[name].double()
        own = _computed(name, stored, net, schedule).double()
        if own.shape != stored.shape or not torch.allclose(own, stored, rtol=0, atol=1e-3):
            raise ValueError(f"{place} has another {name} than JoyVASA's published generator; fetch it again.")


def _computed(name: str, stored: Tensor, net: Denoiser, schedule: Schedule) -> Tensor:
    if name in SINUSOIDS:  # however many rows
        return sinusoids(torch.arange(stored.shape[-2]), width=net.step.width)[None]
    if name == MASK:
        return ~torch.eye(net.carry + net.window, dtype=torch.bool)
    return schedule.alpha(torch.linspace(0, 1, net.step.steps + 1, dtype=torch.float64)) ** 2
