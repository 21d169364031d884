"""How light colours are."""

from __future__ import annotations

import torch
from torch import Tensor


def lightness(colours: Tensor) -> Tensor:
    """[B, 3, h, w] -> [B, 1, h, w], by the weights of red, green and blue in a luma."""
    return torch.einsum("b c h w, c -> b h w", colours, colours.new_tensor([0.3, 0.59, 0.11]))[:, None]
