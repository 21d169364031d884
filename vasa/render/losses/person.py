"""Losses of who is shown and where they look, as fixed networks see it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vasa.render.fixed import Fixed
from vasa.render.passes import Passes


class GazeLoss(nn.Module):
    """Eyes look where they should and are as open: mean |g(x) - g(y)| + mean |b(x) - b(y)|, g in radians, b in [0, 1].

    MegaPortraits' L_gaze compares the features of a network distilled from RT-GENE and RT-BENE, unpublished; ours takes
    what any reader of gaze says. As in the authors' code only pixels about the eyes are moved by it.
    eyes: pictures [B, 3, H, W] in [0, 1] -> gaze [B, 2] and blink [B, 2], see `vasa.render.readers.ReaderEyes`.
    """

    def __init__(self, *, eyes: nn.Module) -> None:
        super().__init__()
        self.eyes = Fixed(eyes)

    def forward(self, passes: Passes) -> Tensor:
        gaze, blink = differences(self.eyes, passes, near=passes.target.eyes)
        return gaze + blink


class ReadLoss(nn.Module):
    """A reader of faces says the same of both: mean over what it reads of mean |r(x) - r(y)| (our choice).

    Blinks, looks aside and open lips are a few pixels of a frame, which losses of pictures forgive. Only pixels near
    eyes and mouth are moved by it, so that nothing else can be bent until the reader is pleased.
    face: pictures [B, 3, H, W] in [0, 1] -> readings [B, ...] over what is usual, see `vasa.render.readers.ReaderFace`.
    """

    def __init__(self, *, face: nn.Module) -> None:
        super().__init__()
        self.face = Fixed(face)

    def forward(self, passes: Passes) -> Tensor:
        near = (passes.target.emphasis > 1).to(passes.picture)
        return torch.stack(differences(self.face, passes, near=near)).mean()


class IdentityLoss(nn.Module):
    """The person shown is the person in the truth: 1 - cos(f(x), f(y)).

    identity: pictures [B, 3, H, W] in [0, 1] -> embedding [B, I], see `vasa.render.readers.ReaderIdentity`.
    """

    def __init__(self, *, identity: nn.Module) -> None:
        super().__init__()
        self.identity = Fixed(identity)

    def forward(self, passes: Passes) -> Tensor:
        return self.between(passes.picture, passes.target.picture)

    def between(self, x: Tensor, y: Tensor) -> Tensor:
        """Two pictures [B, 3, H, W] each."""
        return 1 - F.cosine_similarity(self.identity(x).float(), self.identity(y).float(), dim=-1).mean()


class CrossIdentityLoss(IdentityLoss):
    """Who moves as somebody else does stays who they are: 1 - cos(f(I_s), f(X)), X = D(V_s, z_id_s, z_pose_d, z_dyn_d)
    (VASA-1 3.1, the cross-identity loss; d is of another clip of the batch, which may show the same person)."""

    def forward(self, passes: Passes) -> Tensor:
        return self.between(passes.crossed.picture, passes.another(passes.source.picture))


def differences(reader: nn.Module, passes: Passes, *, near: Tensor) -> list[Tensor]:
    """Mean |r(x) - r(y)| of each thing read; only pixels where `near` [B, 1, H, W] is 1 are moved by it."""
    picture = near * passes.picture + (1 - near) * passes.picture.detach()
    pairs = zip(reader(picture), reader(passes.target.picture), strict=True)
    return [(ours - theirs).abs().mean() for ours, theirs in pairs]
