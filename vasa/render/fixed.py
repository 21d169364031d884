"""Networks that are used and never taught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn


class Fixed(nn.Module):
    """A network in evaluation mode whose weights nothing moves: what is trained with its help does not list them.

    They are in no optimiser, average or checkpoint, move with the module to its device, and are shared by its copies.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = (network.eval().requires_grad_(False),)  # in a tuple, where torch does not look for modules

    @property
    def network(self) -> nn.Module:
        return self._network[0]

    def forward(self, picture: Tensor) -> Any:
        """Channels last: on a CPU max pooling is 20 times quicker so."""
        return self.network(picture.contiguous(memory_format=torch.channels_last))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        self.network._apply(fn, recurse)
        return super()._apply(fn, recurse)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self
