"""Both eyes seen closely, by one network: where somebody looks is a matter of a pixel or two between iris and lids."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa.face.heads import convolution, cut_along
from vasa.face.points import CORNERS

SIZE, ROOM = (36, 60), 1.8  # height and width of the cut in samples, and its width in distances between the corners
RIGHT, LEFT = 0, 1  # places in `CORNERS`


class Eyes(nn.Module):
    """What both eyes show, [B, 2 * outputs], the right one's first; the left one is mirrored, so that one network of
    residual blocks (K. He et al., 2016) sees twice as many eyes.

    sharp_size: pixels a side that larger pictures are brought to. width: channels of the first map, whose stride is 2;
    each of the two blocks after it doubles them. outputs: numbers an eye.
    """

    def __init__(self, *, sharp_size: int, width: int, outputs: int) -> None:
        super().__init__()
        self.sharp_size, self.outputs = sharp_size, outputs
        steps = [(width, width, 1), (width, 2 * width, 2), (2 * width, 4 * width, 2)]
        blocks = [Residual(inputs, wider, stride=stride) for inputs, wider, stride in steps]
        self.see = nn.Sequential(convolution(3, width, stride=2), *blocks)
        cells = -(-SIZE[0] // 8) * -(-SIZE[1] // 8)
        self.say = nn.Linear(4 * width * cells, outputs)

    def forward(self, picture: Tensor, landmarks: Tensor) -> Tensor:
        """The picture [B, 3, H, H] from -2 to 2 and where the points are [B, 68, 2], which is taken as given."""
        points = landmarks.detach()
        right, left = (
            cut_along(picture, *points[:, CORNERS[part]].unbind(1), size=SIZE, room=ROOM) for part in (RIGHT, LEFT)
        )
        seen = self.see(torch.cat([right, left.flip(-1)]))
        said = F.leaky_relu(self.say(rearrange(seen, "b c h w -> b (c h w)")), 0.1)
        return rearrange(said, "(eye b) c -> b (eye c)", eye=2)


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside a short cut, whose steps average (T. He et al., Bag of Tricks, 2019, ResNet-D)."""

    def __init__(self, inputs: int, outputs: int, *, stride: int) -> None:
        super().__init__()
        plain = nn.Sequential(nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs))
        self.long = nn.Sequential(convolution(inputs, outputs, stride=stride), plain)
        shrunk = nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False)
        changed = nn.Sequential(shrunk, nn.Conv2d(inputs, outputs, 1, bias=False))
        self.short = nn.Identity() if (inputs, stride) == (outputs, 1) else changed

    def forward(self, features: Tensor) -> Tensor:
        return F.relu(self.long(features) + self.short(features))
