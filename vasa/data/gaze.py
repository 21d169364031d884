"""The main gaze of a clip."""

from __future__ import annotations

import math

import torch
from torch import Tensor

BIN = math.radians(4)  # L2CS-Net's


def main_gaze(gaze: Tensor) -> Tensor:
    """Where a clip mostly looks: gaze [T, 2] in radians -> [2], by simple histogram clustering (VASA-1, 3.2).

    The paper says no more; here the mean of the frames in the fullest bin of 4 degrees square and the eight around it,
    so that where the bins begin hardly matters.
    """
    cells = (gaze / BIN).floor().long()
    low, span = cells.amin(0), cells.amax(0) - cells.amin(0) + 3
    counts = torch.zeros(*span.tolist())
    at = cells - low + 1
    counts.index_put_((at[:, 0], at[:, 1]), torch.ones(len(gaze)), accumulate=True)
    around = torch.nn.functional.avg_pool2d(counts[None], 3, stride=1, padding=1)[0]
    best = torch.stack(torch.unravel_index((around + 1e-3 * counts).argmax(), counts.shape))
    near = ((at - best).abs() <= 1).all(-1)
    return gaze[near].mean(0)
