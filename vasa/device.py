"""Where to compute."""

from __future__ import annotations

import torch


def choose(name: str | None = None) -> torch.device:
    """The device of this name, or the best one there is; raises ValueError where it is not there."""
    if name is None:
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if available(kind)))
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"There is no kind of device called {name!r}; there are cpu, cuda and mps.") from error
    if not available(device.type) or (device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()):
        raise ValueError(f"This machine has no {name}; leave the device out, or take cpu.")
    return device


def available(kind: str) -> bool:
    """Whether torch can compute on this kind of device here."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return there.get(kind, False)
