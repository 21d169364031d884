"""Measures of tracks of motion as they are, without a picture: what they heed, and what judges of agreement say."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vasa.data.gaze import main_gaze
from vasa.evaluate.agreeing import CAPP, Sync
from vasa.evaluate.lines import Lines
from vasa.evaluate.obeying import between_deg
from vasa.evaluate.sayings import Saying
from vasa.space import MotionSpace


def gaze_error_deg(tracks: Sequence[Tensor], sayings: Sequence[Saying], lines: Lines) -> float:
    """Mean angle from the main gaze of each clip to that of a track [T, M] for it, read by lines (VASA-1's E_g)."""
    errors = [between_deg(main_gaze(lines.gaze(t)), one.main_gaze) for t, one in zip(tracks, sayings, strict=True)]
    return float(torch.stack(errors).mean())


def distance_error_percent(poses: Sequence[Tensor], sayings: Sequence[Saying]) -> float:
    """Mean error of each track's distance, exp(-log scale) of poses [T, 6], relative to its clip's (VASA-1's E_d)."""
    pairs = zip(poses, sayings, strict=True)
    ratios = [(-pose[:, 5]).exp().mean() / one.labels["distance"].float().mean() for pose, one in pairs]
    return 100 * float((torch.stack(ratios) - 1).abs().mean())


def judged(
    poses: Sequence[Tensor],
    mouths: Sequence[Tensor],
    sayings: Sequence[Saying],
    capp: CAPP | None,
    sync: Sync | None,
) -> dict[str, float]:
    """What judges of agreement say of the clips that are long enough for them; NaN where none is."""
    numbers: dict[str, float] = {}
    if capp is not None:
        capp.reset()
        for pose, one in _long(poses, sayings, capp.network.frames):
            capp.update(pose[:, :3], one.samples)
        numbers["capp"] = float(capp.compute())
    if sync is not None:
        sync.reset()
        for mouth, one in _long(mouths, sayings, sync.network.frames + sync.reach + 1):
            sync.update(mouth, one.samples)
        numbers |= {f"sync_{name}": float(value) for name, value in sync.compute().items()}
    return numbers


def poses(tracks: Sequence[Tensor], space: MotionSpace) -> list[Tensor]:
    """Latents [T, M] -> poses [T, 6] in their own units."""
    return [space.unpack(track[None]).pose[0] for track in tracks]


def _long(tracks: Sequence[Tensor], sayings: Sequence[Saying], frames: int) -> list[tuple[Tensor, Saying]]:
    return [pair for pair in zip(tracks, sayings, strict=True) if len(pair[0]) >= frames]
