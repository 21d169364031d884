"""Training of students with Lightning: what the teacher shows is the truth."""

from __future__ import annotations

from dataclasses import fields
from typing import Self

import torch
import torch.nn.functional as F
from einops import rearrange
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics.functional.image import peak_signal_noise_ratio as psnr

from vasa.render.student.renderer import Student
from vasa.render.volume import VolumeRenderer
from vasa.training import Optimisation, chance
from vasa.types import Motion, Portrait


class PyramidLoss(nn.Module):
    """Mean over scales 1, 1/2, 1/4, ... of the mean |x - y| (our choice; the paper's critic has four scales too)."""

    def __init__(self, *, scales: int = 4) -> None:
        super().__init__()
        self.scales = scales

    def forward(self, picture: Tensor, truth: Tensor) -> Tensor:
        apart = [(F.avg_pool2d(picture, 1 << n) - F.avg_pool2d(truth, 1 << n)).abs().mean() for n in range(self.scales)]
        return torch.stack(apart).mean()


class StudentTraining(LightningModule):
    """Learns to show known faces as the teacher does, moved by the people of a film (MegaPortraits, student model).

    avatars: pictures [A, 3, H, W] of the faces to be known. The teacher, and what the student has of it, stay as they
    are.
    """

    def __init__(
        self, student: Student, *, teacher: VolumeRenderer, avatars: Tensor, learning_rate: float, warmup: int,
        steps: int, hold: float, seed: int, weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__()
        self.student, self.teacher = student, teacher.eval().requires_grad_(False)
        for part in (student.pose, student.dynamics, student.identity):
            part.requires_grad_(False)
        self.pyramid, self.seed = PyramidLoss(), seed
        self.optimisation = Optimisation(
            learning_rate=learning_rate, warmup=warmup, steps=steps, hold=hold, betas=(0.9, 0.99),
            weight_decay=weight_decay,
        )  # fmt: skip
        with torch.no_grad():
            self.portraits = [teacher.encode(avatar[None]) for avatar in avatars]
        student.codes.copy_(torch.cat([portrait.identity for portrait in self.portraits]))

    def train(self, mode: bool = True) -> Self:
        """As usual, but the teacher is never in training mode, where its norms would move."""
        super().train(mode)
        self.teacher.eval()
        return self

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        random = chance(self, self.seed, batch_idx)
        shown, truth = self.shown(batch, torch.randint(len(self.portraits), (len(batch["frames"]),), generator=random))
        loss: Tensor = self.pyramid(shown, truth)
        self.log("loss", loss.detach(), prog_bar=True)
        return loss

    def shown(self, batch: dict[str, Tensor], avatars: Tensor) -> tuple[Tensor, Tensor]:
        """What student and teacher show of the avatars of these numbers [B], moved by a batch's drivers."""
        with torch.no_grad():
            motion = self.teacher.motion_of(batch["frames"][:, 1:].float() / 255)
            truth = self.teacher.render(self._portrait(avatars.tolist()), motion)
        rows = avatars.to(self.device).repeat_interleave(motion.length)
        return self.student.show(self.student.faces[rows], motion), rearrange(truth, "b t c h w -> (b t) c h w")

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        avatars = (torch.arange(len(batch["frames"])) + batch_idx * len(batch["frames"])) % len(self.portraits)
        shown, truth = self.shown(batch, avatars)
        self.log("held_out/psnr", psnr(shown.float(), truth.float(), data_range=1.0, dim=(1, 2, 3)), prog_bar=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.optimisation.of(p for p in self.parameters() if p.requires_grad)

    def _portrait(self, numbers: list[int]) -> Portrait:
        """The portraits of these numbers in one."""
        chosen = [self.portraits[number].to(self.device) for number in numbers]
        motion = Motion(*(torch.cat([getattr(p.motion, key) for p in chosen]) for key in ("pose", "dynamics")))
        names = [f.name for f in fields(Portrait) if isinstance(getattr(chosen[0], f.name), Tensor)]
        return Portrait(motion=motion, **{name: torch.cat([getattr(p, name) for p in chosen]) for name in names})
