"""Training of enhancers with Lightning, from single pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
import torch.nn.functional as F
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics.functional.image import peak_signal_noise_ratio as psnr

from vasa.render.enhancer.renderer import EnhancedRenderer
from vasa.training import Optimisation, weighted_sum
from vasa.types import Motion


class ReconstructionLoss(nn.Module):
    """Mean |x_HR - x| (MegaPortraits, L_MAE)."""

    def forward(self, large: Tensor, truth: Tensor) -> Tensor:
        return (large - truth).abs().mean()


class CycleLoss(nn.Module):
    """Mean |DS_4(x) - DS_8(x_HR)| of pictures whose large truth nobody has (MegaPortraits, L_cyc)."""

    def forward(self, large: Tensor, small: Tensor) -> Tensor:
        return (F.avg_pool2d(small, 4) - F.avg_pool2d(large, 8)).abs().mean()


class EnhancerTraining(LightningModule):
    """Learns what the base's pictures lack; the base stays as it is (MegaPortraits, high-resolution model).

    A batch's people are shown as they are, where the truth is known, and moved by one another, where only the small
    picture is. weights: of "reconstruction" and "cycle" (published: 100 and 10, beside a critic's).
    """

    def __init__(
        self, renderer: EnhancedRenderer, *, weights: Mapping[str, float], learning_rate: float, warmup: int,
        steps: int, hold: float, weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__()
        self.renderer, self.weights = renderer, dict(weights)
        self.renderer.base.eval().requires_grad_(False)
        self.reconstruction, self.cycle = ReconstructionLoss(), CycleLoss()
        self.optimisation = Optimisation(
            learning_rate=learning_rate, warmup=warmup, steps=steps, hold=hold, betas=(0.5, 0.999),
            weight_decay=weight_decay,
        )  # fmt: skip

    def train(self, mode: bool = True) -> Self:
        """As usual, but the base is never in training mode, where its norms would move."""
        super().train(mode)
        self.renderer.base.eval()
        return self

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        return weighted_sum(self, self.losses(batch["picture"]), self.weights)

    def losses(self, picture: Tensor) -> dict[str, Tensor]:
        """Every term, unweighted, of large pictures [B, 3, 2 S, 2 S]."""
        with torch.no_grad():
            portrait = self.renderer.encode(picture)
            others = Motion(portrait.motion.pose.roll(1, 0), portrait.motion.dynamics.roll(1, 0))
            own, crossed = (self.renderer.base.render(portrait, motion)[:, 0] for motion in (portrait.motion, others))
        return {
            "reconstruction": self.reconstruction(self.renderer.enhancer(own), picture),
            "cycle": self.cycle(self.renderer.enhancer(crossed), crossed),
        }

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:  # noqa: ARG002
        portrait = self.renderer.encode(batch["picture"])
        small = self.renderer.base.render(portrait, portrait.motion)[:, 0]
        plain = F.interpolate(small, scale_factor=2.0, mode="bicubic", align_corners=False)
        shown = {"psnr": self.renderer.enhancer(small), "psnr_bicubic": plain}
        truth = batch["picture"].float()
        for name, picture in shown.items():
            self.log(f"held_out/{name}", psnr(picture.float(), truth, data_range=1.0, dim=(1, 2, 3)), prog_bar=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.optimisation.of(self.renderer.enhancer.parameters())
