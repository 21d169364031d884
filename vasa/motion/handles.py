"""Handles of the dynamics: what can be read off them by a straight line, and the likeliest change that moves it.

VASA-1 has all dynamics in one vector (3.1), so that nothing in it is called lips, blink or gaze. Labelled latents say
where they are. A reading is a ridge regression; its direction is the change of least Mahalanobis length that moves this
reading by one and leaves the others, D = S W (W^T S W)^-1 for weights W and covariance S (Haufe et al. 2014 tell
patterns from filters in this way), so that what is edited still looks like motion that was seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import torch
from torch import Tensor, nn

from vasa.motion.probe import LinearProbe
from vasa.types import Motion

LIPS, BLINK, GAZE = "lips", "blink", "gaze"  # groups of readings: lips, lips 1, lips 2, ...


class Handles(nn.Module):
    """Named readings of dynamics and their directions; a checkpoint beside that of the renderer whose space it is of.

    names: of the readings; those of a group begin with its name. dynamics: N. low, high: the 1st and 99th percentile of
    each label, agreement: its correlation with the reading where it was fitted.
    """

    weight: Tensor  # [N, R]
    bias: Tensor  # [R]
    direction: Tensor  # [R, N]
    low: Tensor  # [R]
    high: Tensor  # [R]
    agreement: Tensor  # [R]

    def __init__(self, *, names: Sequence[str], dynamics: int) -> None:
        super().__init__()
        self.names, self.dynamics, count = tuple(names), dynamics, len(names)
        self.register_buffer("weight", torch.zeros(dynamics, count))
        self.register_buffer("direction", torch.zeros(count, dynamics))
        for name in ("bias", "low", "high", "agreement"):
            self.register_buffer(name, torch.zeros(count))

    @classmethod
    def fit(cls, dynamics: Tensor, labels: Mapping[str, Tensor]) -> Self:
        """Fit on dynamics [F, N] and labels [F] of the same frames; raises ValueError where a label never changes."""
        still = [name for name, value in labels.items() if float(value.std()) < 1e-6]
        if still or len(dynamics) < 2:
            raise ValueError(f"Handles need labels that change; {', '.join(still) or 'there are no frames'} does not.")
        x, y = dynamics.double(), torch.stack([value.double() for value in labels.values()], dim=-1)
        scale = x.std(0).clamp_min(1e-6)
        probe = LinearProbe.fit(x / scale, y)
        made = cls(names=[*labels], dynamics=x.shape[1])
        weight = probe.weight.double() / scale[:, None]
        reading = x @ weight + probe.bias
        made.weight.copy_(weight)
        made.bias.copy_(probe.bias)
        made.direction.copy_(directions(weight, x.T.cov()))
        made.low.copy_(y.quantile(0.01, dim=0))
        made.high.copy_(y.quantile(0.99, dim=0))
        made.agreement.copy_(torch.stack([torch.corrcoef(pair)[0, 1] for pair in torch.stack([reading.T, y.T], dim=1)]))
        return made

    def group(self, name: str) -> list[int]:
        """The readings of a group; raises ValueError where it has none."""
        found = [index for index, own in enumerate(self.names) if own == name or own.startswith(f"{name} ")]
        if not found:
            raise ValueError(f"These handles have no {name!r}; they have: {', '.join(self.names)}.")
        return found

    def read(self, dynamics: Tensor, name: str) -> Tensor:
        """The readings of a group: dynamics [..., N] -> [..., r]."""
        index = self.group(name)
        return dynamics @ self.weight[:, index].to(dynamics) + self.bias[index].to(dynamics)

    def moved(self, motion: Motion, name: str, change: Tensor) -> Motion:
        """The motion with the readings of a group changed by [..., r], broadcast to [B, T, r]."""
        shift = change.to(motion.dynamics) @ self.direction[self.group(name)].to(motion.dynamics)
        return Motion(motion.pose, motion.dynamics + shift)

    def put(self, motion: Motion, name: str, value: Tensor) -> Motion:
        """The motion with the readings of a group made this value [..., r]; the other readings stay."""
        return self.moved(motion, name, value.to(motion.dynamics) - self.read(motion.dynamics, name))

    def extra_repr(self) -> str:
        """Every reading with its agreement."""
        return ", ".join(f"{name} r={float(r):.2f}" for name, r in zip(self.names, self.agreement, strict=True))


def directions(weight: Tensor, covariance: Tensor) -> Tensor:
    """D^T = (W^T S W)^-1 W^T S: weight [N, R], covariance [N, N] -> [R, N]."""
    spread = weight.T @ covariance @ weight
    return torch.linalg.solve(spread, weight.T @ covariance)


def config_of(handles: Handles) -> dict[str, object]:
    """The `_target_` tree of a checkpoint."""
    home = f"{Handles.__module__}.{Handles.__name__}"
    return {"_target_": home, "names": [*handles.names], "dynamics": handles.dynamics}
