"""What a renderer is trained on; each loss is an object with its equation, its weight lies in `conf/loss/`.

Losses of a label compare a value with it. The others are terms: objects that are given the passes of one training step
(`vasa.render.passes`) and render or read what they need; `conf/loss` names them, and an absent one costs nothing.
"""

from vasa.render.losses.adversarial import AdversarialLoss, CriticLoss, MatchingLoss
from vasa.render.losses.geometry import DepthLoss, FieldLoss, RouteLoss, along_depth
from vasa.render.losses.motion import ContrastLoss, ExpressionLoss, PoseLoss, SpreadLoss
from vasa.render.losses.person import CrossIdentityLoss, GazeLoss, IdentityLoss, ReadLoss
from vasa.render.losses.picture import PerceptualLoss, PixelLoss
from vasa.render.losses.transfer import ConsistencyLoss

__all__ = [
    "AdversarialLoss",
    "ConsistencyLoss",
    "ContrastLoss",
    "CriticLoss",
    "CrossIdentityLoss",
    "DepthLoss",
    "ExpressionLoss",
    "FieldLoss",
    "GazeLoss",
    "IdentityLoss",
    "MatchingLoss",
    "PerceptualLoss",
    "PixelLoss",
    "PoseLoss",
    "ReadLoss",
    "RouteLoss",
    "SpreadLoss",
    "along_depth",
]
