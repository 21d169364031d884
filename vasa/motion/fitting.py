"""Handles from labelled latents: what of a film's labels becomes a reading."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import torch
from einops import rearrange
from torch import Tensor

from vasa.motion.handles import BLINK, GAZE, LIPS, Handles

# Expressions that move no mouth, by ARKit's names and by VALID's; all others do.
ELSEWHERE = re.compile(r"brow|eye|lid|squint|pity|nose|nostril|neck|disgust|glotis|^[rl]sad$", re.IGNORECASE)
SHAPES = 4  # main ways in which lips move beside their opening


def handles_of(dynamics: Tensor, labels: Mapping[str, Tensor], expressions: Sequence[str] = ()) -> Handles:
    """Lips, blink and gaze as far as they are labelled and change.

    dynamics: [F, N]. labels of the same frames: lip_opening [F], blink [F, 2], eyes [F, 2] yaw and pitch in the head,
    expression [F, E], whose columns are named by `expressions`.
    """
    found = {LIPS: labels["lip_opening"]}
    found |= shapes(labels["lip_opening"], labels.get("expression"), expressions)
    if "blink" in labels:
        found[BLINK] = labels["blink"].mean(-1)
    if "eyes" in labels:
        found |= {f"{GAZE} yaw": labels["eyes"][:, 0], f"{GAZE} pitch": labels["eyes"][:, 1]}
    changing = {name: value for name, value in found.items() if float(value.std()) > 1e-4}
    return Handles.fit(dynamics, changing)


def shapes(opening: Tensor, expression: Tensor | None, names: Sequence[str]) -> dict[str, Tensor]:
    """The main components [F] of the mouth's expressions [F, E], without what goes along with the opening [F]."""
    columns = [index for index, name in enumerate(names) if not ELSEWHERE.search(name)]
    if expression is None or len(columns) < 2:
        return {}
    mouth, open_ = (x.double() - x.double().mean(0) for x in (expression[:, columns], rearrange(opening, "f -> f 1")))
    rest = mouth - open_ @ (open_.T @ mouth) / open_.square().sum().clamp_min(1e-9)
    count = min(SHAPES, len(columns) - 1)
    axes = torch.linalg.eigh(rest.T @ rest / len(rest)).eigenvectors[:, -count:].flip(-1)
    return {f"{LIPS} {number}": column for number, column in enumerate((rest @ axes).float().unbind(-1), 1)}
