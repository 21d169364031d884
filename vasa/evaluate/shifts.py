"""What two towers say when sound and face are moved against each other."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vasa.data.agreeing import Talk
from vasa.evaluate.agreement import Agreement

SHIFTS = range(5)  # frames, as the paper's acceptance table has them


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


def _at(face: Tensor, sound: Tensor, shift: int) -> Tensor:
    both = min(len(face), len(sound)) - shift
    late, early = face[shift:][:both] * sound[:both], face[:both] * sound[shift:][:both]
    return (late.sum(-1).mean() + early.sum(-1).mean()) / 2


def _mean(values: Sequence[Tensor]) -> float:
    return float(torch.stack([*values]).nanmean())
