"""What the face reader is trained on; each loss is an object with its equation, its weight lies in `conf/`.

Every loss takes the estimate and the labels of rows that show a face, `FaceLoss` those of all rows.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vasa.face.labels import FaceLabels
from vasa.face.reading import Estimate
from vasa.geometry import direction

HIDDEN = 0.3  # what a point counts that the camera does not see


class LandmarkLoss(nn.Module):
    """Wing loss (Z.-H. Feng et al., 2018) of the distance d of each point: w ln(1 + d / e) below w, d - C above.

    wing, bend: its w and e in crop units.
    """

    def __init__(self, *, wing: float = 0.1, bend: float = 0.02) -> None:
        super().__init__()
        self.wing, self.bend = wing, bend

    def forward(self, estimate: Estimate, truth: FaceLabels) -> Tensor:
        away = distances(estimate, truth)
        near = self.wing * torch.log1p(away / self.bend)
        far = away - self.wing + self.wing * torch.log1p(torch.tensor(self.wing / self.bend)).to(away)
        weight = torch.where(truth.seen, 1.0, HIDDEN)
        return (torch.where(away < self.wing, near, far) * weight).sum() / weight.sum().clamp_min(1)


class SpreadLoss(nn.Module):
    """The expected error s of a point must be the one it makes: d / s + ln s, least where s = d; moves s alone."""

    def forward(self, estimate: Estimate, truth: FaceLabels) -> Tensor:
        return (distances(estimate, truth).detach() / estimate.spread + estimate.spread.log()).mean()


class PoseLoss(nn.Module):
    """|pose - label|, in radians and crop units."""

    def forward(self, estimate: Estimate, truth: FaceLabels) -> Tensor:
        return (estimate.pose - truth.pose).abs().mean()


class GazeLoss(nn.Module):
    """(d / usual)^2 of the distance d of the unit vectors of both directions; closed eyes count for less.

    Most people look at the camera, and the plain distance would learn its median: nobody ever looks away.
    """

    def __init__(self, *, usual: float = 0.15) -> None:
        super().__init__()
        self.usual = usual

    def forward(self, estimate: Estimate, truth: FaceLabels) -> Tensor:
        seen, true = (direction(*gaze.unbind(-1)) for gaze in (estimate.gaze, truth.gaze))
        opened = 1 - truth.blink.mean(-1)
        away = ((seen - true) / self.usual).square().sum(-1)
        return away.mul(opened).sum() / opened.sum().clamp_min(1)


class _Squares(nn.Module):
    """((what is read - label) / usual)^2, mean."""

    name: str  # of the field in both

    def __init__(self, *, usual: float) -> None:
        super().__init__()
        self.usual = usual

    def forward(self, estimate: Estimate, truth: FaceLabels) -> Tensor:
        read, label = (getattr(one, self.name) for one in (estimate, truth))
        return ((read - label) / self.usual).square().mean()


class ArkitLoss(_Squares):
    """((coefficient - label) / usual)^2: most are 0 most of the time."""

    name = "arkit"

    def __init__(self, *, usual: float = 0.15) -> None:
        super().__init__(usual=usual)


class BlinkLoss(_Squares):
    """((blink - label) / usual)^2: blinks are seldom, and an absolute error would learn their median: no blink."""

    name = "blink"

    def __init__(self, *, usual: float = 0.25) -> None:
        super().__init__(usual=usual)


class LipLoss(nn.Module):
    """|opening - label| / usual; usual: an opening of speech, so that the loss has the size of the others."""

    def __init__(self, *, usual: float = 0.1) -> None:
        super().__init__()
        self.usual = usual

    def forward(self, estimate: Estimate, truth: FaceLabels) -> Tensor:
        return (estimate.lip_opening - truth.lip_opening).abs().mean() / self.usual


class EmotionLoss(nn.Module):
    """Cross-entropy with the strongest emotion, where the face shows one.

    Not with the shares themselves: those of a half-hearted smile are half neutral, and whatever is hard to see would be
    read as neutral.
    """

    def forward(self, estimate: Estimate, truth: FaceLabels) -> Tensor:
        each = F.cross_entropy(estimate.emotion, truth.emotion.argmax(-1), reduction="none")
        return (each * truth.acted).sum() / truth.acted.sum().clamp_min(1)


class IdentityLoss(nn.Module):
    """Additive angular margin softmax (J. Deng et al., ArcFace, 2019, eq. 3): cross-entropy of s cos(a_p + m [p = own])
    over the angles a_p to one learned centre a person.

    people: how many the film has; dim: length of the embedding; margin m in radians, scale s.
    """

    def __init__(self, *, people: int, dim: int, margin: float = 0.3, scale: float = 24.0) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(people, dim) * dim**-0.5)
        self.margin, self.scale = margin, scale

    def forward(self, estimate: Estimate, truth: FaceLabels) -> Tensor:
        cosine = F.linear(F.normalize(estimate.identity), F.normalize(self.centres)).clamp(-1 + 1e-4, 1 - 1e-4)
        own = F.one_hot(truth.person, len(self.centres)).bool()
        further = (cosine.acos() + self.margin).clamp_max(torch.pi).cos()
        return F.cross_entropy(self.scale * torch.where(own, further, cosine), truth.person)


class LikenessLoss(nn.Module):
    """Every picture is nearer to the others of its person in the batch than to those of anybody else.

    Supervised contrastive loss (P. Khosla et al., 2020, eq. 2) of cosines over a temperature; 0 where nobody is seen
    twice. Pairs come from two clips (`vasa.data.reading.FilmFaces`), so that light and place do not tell who it is.
    """

    def __init__(self, *, temperature: float = 0.1) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, estimate: Estimate, truth: FaceLabels) -> Tensor:
        codes = F.normalize(estimate.identity)
        itself = torch.eye(len(codes), dtype=torch.bool, device=codes.device)
        share = (codes @ codes.mT / self.temperature).masked_fill(itself, -1e4).log_softmax(-1)
        same = (truth.person[:, None] == truth.person) & ~itself
        each = -(share * same).sum(-1) / same.sum(-1).clamp_min(1)
        seen_twice = same.any(-1)
        return (each * seen_twice).sum() / seen_twice.sum().clamp_min(1)


class FaceLoss(nn.Module):
    """Binary cross-entropy of face or no face."""

    def forward(self, estimate: Estimate, truth: FaceLabels) -> Tensor:
        return F.binary_cross_entropy_with_logits(estimate.face, truth.face.to(estimate.face))


def distances(estimate: Estimate, truth: FaceLabels) -> Tensor:
    """How far each point is off: [B, 68], crop units."""
    return ((estimate.landmarks - truth.landmarks).square().sum(-1) + 1e-8).sqrt()
