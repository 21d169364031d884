"""What a linear probe reads off codes that it should not: fitted on some groups of frames, asked about others."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from einops import reduce
from torch import Tensor

from vasa.motion.probe import LinearProbe

RIDGES = (0.01, 0.1, 1.0, 10.0)  # on codes of unit variance; the probe that reads best counts
FOLDS = 5


def explained(codes: Tensor, values: Tensor, groups: Tensor) -> float:
    """How much of values [N] a ridge regression on codes [N, M] foretells in groups [N] that it was not fitted on.

    R2 = 1 - sum (y - y')^2 / sum (y - mean y)^2, and 0 where the mean would have done better. Raises ValueError for a
    single group.
    """
    unit, spread = _unit(codes), (values - values.mean()).square().sum()
    missed = values.new_zeros(len(RIDGES))
    for asked in folds(groups):
        for n, ridge in enumerate(RIDGES):
            probe = LinearProbe.fit(unit[~asked], values[~asked, None], ridge=ridge)
            missed[n] += (probe(unit[asked])[:, 0] - values[asked]).square().sum()
    return max(0.0, 1 - (missed.min() / spread).item())


def recognised(codes: Tensor, classes: Tensor, groups: Tensor) -> float:
    """Share of frames whose class [N] a linear discriminant of codes [N, M] tells in groups [N] it was not fitted on.

    Classes are 0 to K - 1, and all of them are in every group. Raises ValueError for a single group.
    """
    unit, right = _unit(codes), torch.zeros(len(RIDGES))
    for asked in folds(groups):
        for n, ridge in enumerate(RIDGES):
            told = _discriminant(unit[~asked], classes[~asked], unit[asked], ridge)
            right[n] += (told == classes[asked]).sum()
    return (right.max() / len(classes)).item()


def folds(groups: Tensor) -> Iterator[Tensor]:
    """Which rows [N] are held out, once for each of a few sets of groups; raises ValueError for a single group."""
    fold = groups.unique(return_inverse=True)[1] % FOLDS
    if len(fold.unique()) < 2:
        raise ValueError("A probe is asked about groups that it was not fitted on; there is only one group.")
    return (fold == held_out for held_out in fold.unique())


def _discriminant(known: Tensor, classes: Tensor, asked: Tensor, ridge: float) -> Tensor:
    """Fisher's: the class whose mean m is nearest by the covariance W within classes, x W^-1 m - m W^-1 m / 2."""
    means = torch.stack([known[classes == one].mean(0) for one in range(int(classes.max()) + 1)])
    within = (known - means[classes]).double()
    covariance = within.T @ within / len(within) + ridge * torch.eye(known.shape[1], dtype=torch.float64)
    axes = torch.linalg.solve(covariance, means.double().T).to(known)
    return (asked @ axes - reduce(means * axes.T, "k m -> k", "sum") / 2).argmax(-1)


def _unit(codes: Tensor) -> Tensor:
    return (codes - codes.mean(0)) / codes.std(0).clamp_min(1e-6)
