"""Emotions by HSEmotion (A. Savchenko, 2021): an EfficientNet of timm's with AffectNet's classes.

Code: github.com/av-savchenko/face-emotion-recognition, Apache-2.0; its weights were trained on AffectNet, for research
only. The published files are pickled programs: save their state_dict() once, where you trust them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import timm
import torch
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor, nn

from vasa import checkpoint
from vasa.face.public.files import cut, normalised, told, weights
from vasa.types import EMOTIONS

TITLE, LICENCE = "HSEmotion", "Apache-2.0 for the code; weights trained on AffectNet, which is for research only"
AFFECTNET = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
WITHOUT_CONTEMPT = tuple(name for name in AFFECTNET if name != "contempt")
CLASSES = {8: AFFECTNET, 7: WITHOUT_CONTEMPT, 10: AFFECTNET, 9: WITHOUT_CONTEMPT}  # 10 and 9: valence, arousal last
HALF, BELOW = 0.55, -0.05  # of a face detector's box, in crop units
HEAD = "classifier"


class HSEmotion(nn.Module):
    """A `vasa.face.protocol.EmotionReader`. trunk: timm's tf_efficientnet_b0 or _b2; outputs: of the classifier, see
    CLASSES; image_size: pixels a side that it looks at, 224 for b0, 260 for b2."""

    def __init__(self, *, trunk: str = "tf_efficientnet_b0", outputs: int = 8, image_size: int = 224) -> None:
        super().__init__()
        if outputs not in CLASSES:
            raise ValueError(f"HSEmotion has {', '.join(map(str, CLASSES))} outputs; got {outputs}.")
        self.network = timm.create_model(trunk, pretrained=False, num_classes=outputs)
        self.names, self.image_size = CLASSES[outputs], image_size

    @classmethod
    def from_pretrained(
        cls, source: Path | str, *, trunk: str = "tf_efficientnet_b0", image_size: int = 224
    ) -> Self:
        """Weights saved from a published network: a file, a folder or a hub id; raises ValueError."""
        told(TITLE, LICENCE)
        found = {_own(name): value for name, value in weights(source, title=TITLE).items()}
        if f"network.{HEAD}.bias" not in found:
            raise ValueError(f"{source} holds no weights of {TITLE}: it has no {HEAD}.")
        model = cls(trunk=trunk, outputs=len(found[f"network.{HEAD}.bias"]), image_size=image_size)
        checkpoint.fill(model, found, source)
        return model.eval()

    def emotion_of(self, picture: Tensor) -> Tensor:
        """[B, 3, H, H] framed as a crop -> [B, 8] probabilities of EMOTIONS; 0 for what it does not know."""
        near = cut(picture, size=self.image_size, half=HALF, below=BELOW)
        logits = self.network(normalised(near, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD))
        shares = dict(zip(self.names, logits[:, : len(self.names)].softmax(-1).unbind(-1), strict=True))
        nothing = torch.zeros_like(logits[:, 0])
        return torch.stack([shares.get(name, nothing) for name in EMOTIONS], dim=-1)


def _own(name: str) -> str:
    """Some published classifiers are a sequence of one layer."""
    return f"network.{name.replace(f'{HEAD}.0.', f'{HEAD}.')}"
