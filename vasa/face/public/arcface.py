"""Identity by ArcFace networks (J. Deng et al., 2019) of timm's classes, as published on the hub.

The usual ones, gaunernst/*.arcface_ms1mv3, were trained on MS1MV3: photographs of 93,000 people taken from the web
without asking them, for research only. For measuring; nothing that ships was trained with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import timm
import torch.nn.functional as F
from timm.data import resolve_model_data_config
from torch import Tensor, nn

from vasa.face.public.files import cut, hub_folder, normalised, told
from vasa.whole import reason

TITLE, LICENCE = "ArcFace (identity)", "see the hub; trained on MS1MV3, faces from the web, for research only"
USUAL = "gaunernst/vit_tiny_patch8_112.arcface_ms1mv3"
CONFIG = "config.json"
# The square that ArcFace aligns faces to, 112 px a side, has eyes and mouth 40.7 px apart and their middle 16 px low:
# in the crop that fits a face they are 0.4 crop units apart, and their middle is its own.
HALF, BELOW = 0.55, -0.157


class ArcFace(nn.Module):
    """A `vasa.face.protocol.IdentityReader`. network: [B, 3, size, size] -> [B, I], with what it was trained with."""

    def __init__(self, network: nn.Module, *, size: int, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network, self.size, self.mean, self.std = network, size, tuple(mean), tuple(std)

    @classmethod
    def from_pretrained(cls, source: Path | str = USUAL) -> Self:
        """A folder as timm saves one (config.json and model.safetensors), or a hub id; raises ValueError."""
        told(TITLE, LICENCE)
        folder = Path(source)
        if not folder.is_dir():
            folder = hub_folder(str(source), title=TITLE, patterns=(CONFIG, "*.safetensors"))
        if not (folder / CONFIG).is_file():
            raise ValueError(f"{folder} holds no network of timm's: it has no {CONFIG}.")
        try:
            network = timm.create_model(f"local-dir:{folder}", pretrained=True)
        except (RuntimeError, FileNotFoundError) as error:
            raise ValueError(
                f"The weights in {folder} are missing or do not fit their {CONFIG} ({reason(error)})."
            ) from error
        known = resolve_model_data_config(network)
        return cls(network, size=known["input_size"][-1], mean=known["mean"], std=known["std"]).eval()

    def identity_of(self, picture: Tensor) -> Tensor:
        """[B, 3, H, H] framed as a crop -> [B, I] of unit length."""
        near = cut(picture, size=self.size, half=HALF, below=BELOW)
        return F.normalize(self.network(normalised(near, self.mean, self.std)))
