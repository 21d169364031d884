"""Which labelled expressions facial dynamics stand for, and back."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn


class Meaning(nn.Module):
    """A straight line from dynamics z [..., N] to labels e [..., E], e = A z + b, and its inverse by least squares.

    Films of virtual people label every expression (see `vasa.data.film.expression`), so that a renderer can be driven
    by what is true and not by what an encoder sees; not in the papers, whose footage has no labels. dynamics: N.
    labels: E. spread [E]: how much each label varies; smaller numbers make a label count for more.
    """

    spread: Tensor

    def __init__(self, *, dynamics: int, labels: int) -> None:
        super().__init__()
        self.line = nn.Linear(dynamics, labels)
        self.register_buffer("spread", torch.ones(labels))

    def forward(self, dynamics: Tensor) -> Tensor:
        """What dynamics say: [..., N] -> [..., E]."""
        return self.line(dynamics.float())

    @torch.no_grad()
    def dynamics_of(self, labels: Tensor) -> Tensor:
        """The dynamics whose labels are nearest, each difference over its spread: [..., E] -> [..., N].

        Raises ValueError where there are more or fewer labels than it knows.
        """
        self.check(labels.shape[-1])
        weight, bias, spread, asked = (  # on the CPU, because not all devices have double precision
            x.cpu().double() for x in (self.line.weight, self.line.bias, self.spread, labels)
        )
        with torch.autocast("cpu", enabled=False):
            found = (asked - bias) / spread @ torch.linalg.pinv(weight / spread[:, None]).mT
        return found.float().to(labels.device)

    @classmethod
    def of(cls, spread: Tensor, *, dynamics: int) -> Self:
        """A new one for labels that vary so much, [E]."""
        made = cls(dynamics=dynamics, labels=len(spread))
        made.spread.copy_(spread)
        return made

    @classmethod
    def principal(cls, labels: Tensor, spread: Tensor, *, dynamics: int) -> Self:
        """Dynamics that are the principal components of labels [F, E] over their spread [E], turned at random, so that
        each varies alike and none is a detail.

        Raises ValueError where there are more dynamics than labels or frames.
        """
        if dynamics > min(labels.shape):
            raise ValueError(
                f"{dynamics} dynamics cannot stand for {labels.shape[1]} labels of {len(labels)} frames: take more "
                "frames, or a renderer with fewer dynamics."
            )
        middle = labels.double().mean(0)
        components = torch.linalg.svd((labels.double() - middle) / spread, full_matrices=False).Vh[:dynamics]
        random = torch.randn(dynamics, dynamics, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        made = cls.of(spread, dynamics=dynamics)
        with torch.no_grad():
            made.line.weight.copy_(spread[:, None] * (torch.linalg.qr(random).Q @ components).mT)
            made.line.bias.copy_(middle)
        return made

    def config(self) -> dict[str, object]:
        """Its `_target_` tree."""
        count, dynamics = self.line.weight.shape
        return {"_target_": f"{Meaning.__module__}.{Meaning.__name__}", "dynamics": dynamics, "labels": count}

    def check(self, labels: int) -> None:
        """Raises ValueError where there are more or fewer labels than it knows."""
        if labels != len(self.spread):
            raise ValueError(
                f"This renderer's dynamics stand for {len(self.spread)} labels of expression, the film has {labels}: "
                "take a film with the same expressions, or train a new renderer."
            )
