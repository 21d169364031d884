"""Paint for single pixels, by numbers that say where they lie."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class PixelPaint(nn.Module):
    """Two layers for every pixel alike, steered by latents: numbers [B, told, h, w] and what tells the latents
    [B, embedding] -> what is added to the paint before it is brought to [0, 1], [B, 3, h, w]; 0 at first.

    hidden: units of each layer.
    """

    def __init__(self, *, told: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.see = nn.Conv2d(told, hidden, 1)
        self.steer = nn.Linear(embedding, 2 * hidden)
        self.think, self.say = nn.Conv2d(hidden, hidden, 1), nn.Conv2d(hidden, 3, 1)
        for weight in (*self.steer.parameters(), *self.say.parameters()):
            nn.init.zeros_(weight)

    def forward(self, told: Tensor, embedding: Tensor) -> Tensor:
        gain, shift = self.steer(embedding)[..., None, None].chunk(2, dim=1)
        x = self.think(F.leaky_relu(self.see(told) * (1 + gain) + shift, 0.1))
        return self.say(F.leaky_relu(x, 0.1))
