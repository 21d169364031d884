"""The face reader: one small network that reads landmarks, head pose, gaze, blinks, lips, emotion and identity.

It is trained on virtual people alone (`vasa train reader`). Its features serve perceptual, identity and gaze losses:
everything is differentiable in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, reduce
from torch import Tensor, nn

from vasa.face.arkit import ARKIT
from vasa.face.backbone import Backbone
from vasa.face.eyes import Eyes
from vasa.face.heads import CloseLook, Joined, Votes
from vasa.face.points import COUNT
from vasa.face.reading import Estimate, FaceReading
from vasa.types import EMOTIONS

FINEST, STRIDE = 0, 8  # the map that is looked at closely, and pixels to a cell of the map that points are found on
HIDDEN = 128  # units between the vectors that are seen and what is said of gaze, emotion and pose
PARTS = ("right eye", "left eye", "mouth")  # see `vasa.face.points.CORNERS`


@dataclass(frozen=True)
class Sight:
    """What a reader sees before it says anything: landmarks [B, 68, 2] with their expected errors [B, 68], the whole
    face [B, C], the same beside its points, [B, C + 136], close looks at the `PARTS`, [B, detail] each, and what the
    gaze is said from, [B, G]."""

    landmarks: Tensor
    spread: Tensor
    whole: Tensor
    face: Tensor
    details: list[Tensor]
    looking: Tensor


class FaceReader(nn.Module):
    """Reads pictures of a face, framed about as a renderer's crop is: turned by up to 45 degrees, 0.6 to 1.5 as large.

    image_size: pixels a side that pictures are brought to; eyes and mouth are looked at in up to `sharp_size`.
    backbone: gives feature maps, one of them of stride 8. width: channels of the map that points are found on; detail:
    numbers that a close look at each part gives; identity: length of the embedding. eyes: see where somebody looks;
    without them the gaze is said from the close looks, and is 1.5 times as far off.
    """

    def __init__(
        self, *, image_size: int, sharp_size: int, backbone: Backbone, width: int, detail: int, identity: int,
        eyes: Eyes | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if sharp_size < image_size:
            raise ValueError(f"sharp_size is at least image_size ({image_size}); got {sharp_size}.")
        channels, strides = backbone.channels, backbone.strides
        if STRIDE not in strides[:-1]:
            raise ValueError(f"A face reader's backbone has a map of stride {STRIDE} and a coarser one; got {strides}.")
        self.image_size, self.close_size, self.identity_size = image_size, sharp_size, identity
        self.sharp_size = sharp_size if eyes is None else max(sharp_size, eyes.sharp_size)  # what pictures best have
        self.backbone, self.fine, self.stride = backbone, strides.index(STRIDE), strides[-1]
        self.joined, self.votes = Joined(channels[self.fine :], width), Votes(width)
        self.looks = nn.ModuleList(CloseLook(channels[FINEST], part=n, outputs=detail) for n in range(len(PARTS)))
        whole, shape = channels[-1], 2 * COUNT
        self.insights = whole + shape + len(PARTS) * detail + 3 * HIDDEN  # numbers that `insight` gives
        self.pose = _two_layers(whole + shape, 6)
        self.eyes = eyes
        self.gaze = _two_layers(whole + shape + 2 * detail if eyes is None else 6 + shape + 2 * eyes.outputs, 2)
        self.lips = nn.Linear(detail, 1)
        self.blink = nn.Linear(detail, 1)
        self.emotion = _two_layers(whole + shape + 3 * detail, len(EMOTIONS))
        self.arkit = _two_layers(whole + shape + 3 * detail, len(ARKIT))
        self.face = nn.Linear(whole, 1)
        self.identity = nn.Sequential(nn.Linear(whole, identity, bias=False), nn.BatchNorm1d(identity))

    def forward(self, picture: Tensor) -> FaceReading:
        """[B, 3, H, W] in [0, 1], square, -> what is read, in the crop units of that picture."""
        return self.estimate(picture).reading()

    def gaze_of(self, picture: Tensor) -> Tensor:
        """See `vasa.face.protocol.GazeReader`."""
        return self(picture).gaze

    def emotion_of(self, picture: Tensor) -> Tensor:
        """See `vasa.face.protocol.EmotionReader`."""
        return self(picture).emotion

    def identity_of(self, picture: Tensor) -> Tensor:
        """See `vasa.face.protocol.IdentityReader`."""
        return self(picture).identity

    def features(self, picture: Tensor) -> list[Tensor]:
        """[B, 3, H, W] in [0, 1] -> the backbone's maps [B, C, h, w], fine to coarse, for perceptual losses."""
        if picture.ndim != 4 or picture.shape[1] != 3 or picture.shape[2] != picture.shape[3]:
            raise ValueError(f"A face reader takes square pictures [B, 3, H, H]; got {tuple(picture.shape)}.")
        maps: list[Tensor] = self.backbone(4 * _brought_to(self.image_size, picture) - 2)
        return maps

    def windows(self, picture: Tensor) -> Tensor:
        """How surely each window of a picture [B, 3, H, W] of any size shows a face, as logits [B, h, w].

        Windows are as many whole strides wide as `image_size` needs; one starts every stride, the first half a stride
        outside the picture. It is `forward`'s face for all at once, less exact, as a window sees what is beside it.
        """
        around = F.pad(picture, (self.stride // 2,) * 4, mode="replicate")
        coarse = self.backbone(4 * around - 2)[-1]
        cells = -(-self.image_size // self.stride)
        seen = F.avg_pool2d(coarse, cells, stride=1)
        return self.face(rearrange(seen, "b c h w -> b h w c"))[..., 0].float()

    def estimate(self, picture: Tensor) -> Estimate:
        """The same as `forward`, before it is put in words."""
        sight = self.sight(picture)
        gaze, emotion, arkit = (layers(x).float() for layers, x in self._thoughts(sight))
        return Estimate(
            landmarks=sight.landmarks,
            spread=sight.spread,
            pose=self.pose(sight.face).float(),
            gaze=gaze,
            blink=torch.cat([self.blink(eye) for eye in sight.details[:2]], dim=-1).float(),
            lip_opening=self.lips(sight.details[2])[:, 0].float(),
            arkit=arkit,
            emotion=emotion,
            identity=self.identity(sight.whole).float(),
            face=self.face(sight.whole)[:, 0].float(),
        )

    def insight(self, picture: Tensor) -> Tensor:
        """What its last layers of gaze, emotion and coefficients rest on, as one vector [B, self.insights]: for
        networks that read something else."""
        sight = self.sight(picture)
        thoughts = [layers[:-1](x) for layers, x in self._thoughts(sight)]
        return torch.cat([sight.face, *sight.details, *thoughts], dim=-1).float()

    def sight(self, picture: Tensor) -> Sight:
        """Points, the whole and the close looks: [B, 3, H, W] in [0, 1], square."""
        maps = self.features(picture)
        landmarks, spread = self.votes(self.joined(maps[self.fine :]))
        whole = reduce(maps[-1], "b c h w -> b c", "mean")
        sharp = _at_most(self.close_size, picture)
        details = [look(maps[FINEST], 4 * sharp - 2, landmarks) for look in self.looks]
        shape = 2 * rearrange(landmarks.detach(), "b k xy -> b (k xy)")
        face = torch.cat([whole, shape], dim=-1)
        if self.eyes is None:
            looking = [face, *details[:2]]
        else:
            seen = self.eyes(4 * _at_most(self.eyes.sharp_size, picture) - 2, landmarks)
            looking = [self.pose(face).detach(), shape, seen]
        return Sight(landmarks, spread, whole, face, details, torch.cat(looking, dim=-1))

    def _thoughts(self, sight: Sight) -> list[tuple[nn.Sequential, Tensor]]:
        """The layers that say gaze, emotion and coefficients, and what each is given."""
        everything = torch.cat([sight.face, *sight.details], dim=-1)
        return [(self.gaze, sight.looking), (self.emotion, everything), (self.arkit, everything)]


def _brought_to(size: int, picture: Tensor) -> Tensor:
    if picture.shape[-1] == size:
        return picture
    return F.interpolate(picture, (size, size), mode="bilinear", antialias=True, align_corners=False)


def _at_most(size: int, picture: Tensor) -> Tensor:
    return _brought_to(size, picture) if picture.shape[-1] > size else picture


def _two_layers(inputs: int, outputs: int, hidden: int = HIDDEN) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, outputs))
