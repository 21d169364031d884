"""Fixed networks whose features say how alike two pictures look to people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and standard deviation of R, G, B


class TimmFeatures(nn.Module):
    """Maps of one of timm's networks: pictures [B, 3, H, W] in [0, 1] -> [B, C, h, w] of every tap.

    name: as `timm.create_model` takes it. weights: a file of its state (.safetensors, .pth), or None for what the
    Hugging Face hub has under that name. taps: names of the modules to listen to, such as features.1 (relu1_1 of VGG).
    mean, std: of each channel, ImageNet's where not given. bgr, span: networks born in Caffe, such as VGGFace's, take
    blue first and values up to 255. Frozen. Raises ValueError where network, file or tap does not exist.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, *, name: str, taps: Sequence[str], weights: str | None = None, mean: Sequence[float] = IMAGENET[0],
        std: Sequence[float] = IMAGENET[1], bgr: bool = False, span: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.network = _timm(name, weights)
        self.heard: dict[str, Tensor] = {}
        self.taps, self.bgr, self.span = tuple(taps), bgr, span
        known = dict(self.network.named_modules())
        for tap in self.taps:
            if tap not in known:
                raise ValueError(f"{name} has no module {tap!r} to listen to; name some of {', '.join(known)[:200]}.")
            known[tap].register_forward_hook(self._listen(tap))
        for module in known.values():
            if hasattr(module, "inplace"):
                module.inplace = False  # or a map changes after it was heard
        self.register_buffer("mean", torch.tensor(list(mean))[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(list(std))[:, None, None], persistent=False)
        self.requires_grad_(False)

    def _listen(self, tap: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:  # noqa: ARG001
            self.heard[tap] = output

        return hook

    def forward(self, picture: Tensor) -> list[Tensor]:
        picture = (picture.flip(1) if self.bgr else picture) * self.span
        self.network.forward_features((picture - self.mean) / self.std)
        return [self.heard.pop(tap) for tap in self.taps]


def _timm(name: str, weights: str | None) -> Any:
    import timm

    if not timm.is_model(name.split(".")[0]):
        raise ValueError(f"timm has no network named {name!r}; `timm.list_models()` lists them.")
    if weights is not None and not Path(weights).is_file():
        raise ValueError(f"There is no file {weights} of {name}'s weights; name one, or null to fetch them.")
    made = timm.create_model(name, pretrained=weights is None, num_classes=0)
    if hasattr(made, "pre_logits"):
        made.pre_logits = nn.Identity()  # most of a VGG's weights, behind its maps
    if weights is not None:
        safe = weights.endswith(".safetensors")
        given = load_file(weights) if safe else torch.load(weights, map_location="cpu", weights_only=True)
        own = made.state_dict()
        if missing := sorted(own.keys() - given.keys()):
            raise ValueError(f"{weights} lacks {len(missing)} of {name}'s weights, such as {missing[0]}.")
        made.load_state_dict({key: given[key] for key in own})
    return made


class SqueezeFeatures(nn.Module):
    """ImageNet features of SqueezeNet 1.1: pictures [B, 3, H, W] in [0, 1] -> maps, fine to coarse.

    weights: a safetensors file with the keys of `torchvision.models.squeezenet1_1().features`; more keys are left out.
    taps: after which layers to listen. Frozen.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, *, weights: str, taps: Sequence[int] = (1, 4, 7)) -> None:
        super().__init__()
        from torchvision.models import squeezenet1_1

        if not Path(weights).is_file():
            raise ValueError(
                f"There is no file {weights} for the perceptual loss; name one, or train without (loss=plain, or no "
                "squeezenet)."
            )
        self.taps = tuple(taps)
        self.layers = squeezenet1_1(weights=None).features[: max(taps) + 1]
        self.layers.load_state_dict({k: v for k, v in load_file(weights).items() if k in self.layers.state_dict()})
        self.register_buffer("mean", torch.tensor(IMAGENET[0])[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET[1])[:, None, None], persistent=False)
        self.requires_grad_(False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        x, heard = (picture - self.mean) / self.std, []
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number in self.taps:
                heard.append(x)
        return heard
