"""What two towers say when sound and face are moved against each other, and when the face moves more or less."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vasa.data.agreeing import Talk
from vasa.evaluate.agreement import Agreement

SHIFTS, SCALES = range(5), (0.2, 0.5, 1.0, 1.5, 3.0)  # frames, and of motion, as VASA-1's acceptance tables have them
PAPER = {  # CAPP of VASA-1's appendix, on real people
    "shift": dict(zip(map(str, SHIFTS), (0.608, 0.462, 0.206, 0.069, 0.082), strict=True)),
    "scale": dict(zip(map(str, SCALES), (0.368, 0.584, 0.608, 0.587, 0.505), strict=True)),
}


def at_shifts(face: Tensor, sound: Tensor, reach: int) -> Tensor:
    """Mean distance of faces [n, E] to the sound s frames before, s from -reach to reach: [2 reach + 1].

    Only windows that have a partner at a shift count for it. Raises ValueError where some shift has none.
    """
    count = len(face)
    if count <= reach:
        raise ValueError(f"Shifts up to {reach} frames need more windows than that; got {count}. Take a longer clip.")
    means = []
    for shift in range(-reach, reach + 1):
        late, early = face[max(shift, 0) :], sound[max(-shift, 0) :]
        both = min(len(late), len(early))
        means.append((late[:both] - early[:both]).norm(dim=-1).mean())
    return torch.stack(means)


@torch.no_grad()
def shifted_scores(
    network: Agreement, talks: Sequence[Talk], *, device: torch.device | str = "cpu"
) -> dict[str, float]:
    """Mean cosine at shifts of 0 to 4 frames either way, and with the sound of another clip (VASA-1's table)."""
    pairs = [network.embed(talk.track.to(device), talk.samples.to(device)) for talk in talks]
    scores = {str(shift): _mean([_at(face, sound, shift) for face, sound in pairs]) for shift in SHIFTS}
    strangers = zip(pairs, pairs[1:] + pairs[:1], strict=True)
    return scores | {"stranger": _mean([_at(face, sound, 0) for (face, _), (_, sound) in strangers])}


@torch.no_grad()
def scaled_scores(
    network: Agreement, talks: Sequence[Talk], *, device: torch.device | str = "cpu"
) -> dict[str, float]:
    """Mean cosine of sound and tracks that move so many times as much about their means (VASA-1's table)."""
    scores: dict[str, float] = {}
    for scale in SCALES:
        moved = [Talk(torch.lerp(talk.track.mean(0), talk.track, scale), talk.samples) for talk in talks]
        pairs = [network.embed(talk.track.to(device), talk.samples.to(device)) for talk in moved]
        scores[str(scale)] = _mean([_at(face, sound, 0) for face, sound in pairs])
    return scores


def _at(face: Tensor, sound: Tensor, shift: int) -> Tensor:
    both = min(len(face), len(sound)) - shift
    late, early = face[shift:][:both] * sound[:both], face[:both] * sound[shift:][:both]
    return (late.sum(-1).mean() + early.sum(-1).mean()) / 2


def _mean(values: Sequence[Tensor]) -> float:
    return float(torch.stack([*values]).nanmean())
