"""Training of renderers with Lightning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from einops import rearrange
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torchmetrics.functional.image import peak_signal_noise_ratio as psnr
from torchmetrics.functional.image import structural_similarity_index_measure as ssim

from vasa.render import losses as terms
from vasa.render.scenes import Scene, mixed_pose, scene
from vasa.render.sheet import sheet
from vasa.render.volume import Shown, VolumeRenderer, spread
from vasa.training import warm_cosine
from vasa.types import Motion


class RendererTraining(LightningModule):
    """Learns to show a clip's other frames from one of them (self-reenactment).

    weights: name of a loss -> its weight; losses of weight 0 are still logged. trust: share of rows that are posed by
    their label, the others by the pose encoder. colour, emphasis: see `vasa.render.scenes`.
    """

    def __init__(
        self, renderer: VolumeRenderer, *, expression_spread: Tensor, weights: Mapping[str, float],
        features: nn.Module | None, learning_rate: float, warmup: int, steps: int, hold: float, seed: int, trust: float,
        colour: float, emphasis: float, weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__()
        self.renderer, self.weights = renderer, dict(weights)
        self.expression = terms.ExpressionLoss(dynamics=renderer.space.dynamics, spread=expression_spread)
        self.perceptual = terms.PerceptualLoss(features=features) if features is not None else None
        self.pixel, self.spread, self.pose = terms.PixelLoss(), terms.SpreadLoss(), terms.PoseLoss()
        self.field, self.depth, self.route = terms.FieldLoss(), terms.DepthLoss(), terms.RouteLoss()
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.warmup, self.steps, self.hold = warmup, steps, hold
        self.seed, self.trust, self.colour, self.emphasis = seed, trust, colour, emphasis

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        random = torch.Generator().manual_seed(self.seed * 999_983 + self.global_step)
        found = self.losses(scene(batch, random, colour=self.colour, emphasis=self.emphasis), random)
        self.log_dict({f"loss/{name}": value.detach() for name, value in found.items()})
        if unweighted := sorted(found.keys() - self.weights.keys()):
            raise ValueError(f"conf/loss gives no weight for {', '.join(unweighted)}; 0 leaves a loss out of the sum.")
        total = torch.stack([self.weights[name] * value for name, value in found.items()]).sum()
        self.log("loss", total.detach(), prog_bar=True)
        return total

    def losses(self, view: Scene, random: torch.Generator) -> dict[str, Tensor]:
        """Every term, unweighted."""
        source, target, (read, read_pose, read_expression) = view.source, view.target, view.readings
        label = torch.cat([source.pose, target.pose, read_pose])
        pictures = torch.cat([source.picture, view.driver_seen, read])
        seen = self.renderer.pose(pictures).float()
        pose = mixed_pose(label, seen, random, self.trust)
        dynamics = self.renderer.dynamics(pictures, pose).float()
        found = {
            "pose": self.pose(seen, label),
            "expression": self.expression(dynamics, torch.cat([source.expression, target.expression, read_expression])),
            "spread": self.spread(dynamics),
        }
        parts = [len(source.pose), len(target.pose), len(read)]
        (source_pose, target_pose, _), (source_dynamics, target_dynamics, _) = pose.split(parts), dynamics.split(parts)
        if not len(target_pose):  # no drivers: the encoders learn to read, nothing is shown
            return found
        of_source = Motion(source_pose[:, None], source_dynamics[:, None])
        return found | self._shown(view, of_source, torch.cat([target_pose, target_dynamics], dim=1))

    def _shown(self, view: Scene, of_source: Motion, latents: Tensor) -> dict[str, Tensor]:
        source, target = view.source, view.target
        portrait = self.renderer.remember(source.picture, of_source)
        shown = self.renderer.show(spread(portrait, len(latents) // len(source.pose)), latents)
        found = {
            "pixel": self.pixel(shown.picture, target),
            "moved": self.pixel(shown.moved, target),
            "field": self.field(shown, target),
            "depth": self.depth(shown, target),
            "route": self.route(portrait.route, source),
        }
        return found if self.perceptual is None else found | {"perceptual": self.perceptual(shown.picture, target)}

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        frames = batch["frames"].float() / 255
        portrait, motion = self.renderer.encode(frames[:, 0]), self.renderer.motion_of(frames[:, 1:])
        shown = self.renderer.show(spread(portrait, motion.length), motion.frames())
        with torch.autocast(self.device.type, enabled=False):  # SSIM is a difference of squares
            self._score(batch, frames, motion, shown, first=batch_idx == 0)

    def _score(self, batch: dict[str, Tensor], frames: Tensor, motion: Motion, shown: Shown, *, first: bool) -> None:
        truth = rearrange(frames[:, 1:], "b n c h w -> (b n) c h w")
        error = (motion.pose - batch["pose"][:, 1:]).abs()
        self.log_dict({
            "held_out/psnr": psnr(shown.picture, truth, data_range=1.0, dim=(1, 2, 3)),
            "held_out/ssim": torch.as_tensor(ssim(shown.picture, truth, data_range=1.0)),
            "held_out/pose_degrees": error[..., :3].mean().rad2deg(),
            "held_out/pose_shift": error[..., 3:].mean(),
            "held_out/expression": self.expression(motion.dynamics, batch["expression"][:, 1:]),
        }, prog_bar=True, batch_size=len(frames))  # fmt: skip
        if first:
            self._picture(frames[:, 0], truth, shown)

    def _picture(self, source: Tensor, truth: Tensor, shown: Shown) -> None:
        board = getattr(self.logger, "experiment", None)
        if board is not None and hasattr(board, "add_image"):
            board.add_image("held_out", sheet(source, truth, shown), self.global_step)

    def configure_optimizers(self) -> Any:
        parameters = [p for p in self.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            parameters, lr=self.learning_rate, weight_decay=self.weight_decay, betas=(0.9, 0.99)
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: warm_cosine(step, warmup=self.warmup, steps=self.steps, hold=self.hold)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
