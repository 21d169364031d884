"""Training of motion generators with Lightning."""

from __future__ import annotations

import torch
from einops import rearrange
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from vasa.geometry import POSE
from vasa.motion.conditions import Conditions, Given
from vasa.motion.drawing import drawn
from vasa.motion.generator import DiffusionMotion
from vasa.motion.loss import Dropout, masked_mse, noised, smoothness_mse, velocity_mse
from vasa.motion.plot import compare
from vasa.motion.probe import LinearProbe, correlation, jitter, spread
from vasa.motion.track import Track
from vasa.training import Optimisation, chance

POSE_SIZE = len(POSE)


class MotionTraining(LightningModule):
    """Learns to denoise windows of motion; draws held-out sound to see how far it is.

    Validation logs lips that follow the sound, spread and tremble beside the truth's, and how far two seeds are apart
    (diversity: 0 the same, 1 as two frames of the film).

    speed: [M] usual change of each latent from frame to frame. velocity, smoothness: weights of the errors in that
    change and in its change; VASA-1 mentions none, so 0 is the paper; they change what is learned first, not what is
    right. Both are taken of the clean motion, which a network that predicts noise hardly knows near time 1.
    steps: length of the run, where the learning rate reaches zero along a cosine after `warmup` steps.
    """

    speed: Tensor

    def __init__(
        self, generator: DiffusionMotion, probe: LinearProbe, speed: Tensor, *,
        learning_rate: float, warmup: int, steps: int, seed: int, dropout: Dropout,
        velocity: float = 0.0, smoothness: float = 0.0, weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__()
        self.register_buffer("speed", speed, persistent=False)
        self.generator, self.probe, self.dropout = generator, probe, dropout
        self.weights, self.seed = {"denoise": 1.0, "velocity": velocity, "smoothness": smoothness}, seed
        self.optimisation = Optimisation(
            learning_rate=learning_rate, warmup=warmup, steps=steps, betas=(0.9, 0.99), weight_decay=weight_decay
        )

    def training_step(self, batch: Track, batch_idx: int) -> Tensor:
        losses = self.losses(batch, chance(self, self.seed, batch_idx, self.device))
        self.log_dict({f"loss/{name}": value for name, value in losses.items()}, prog_bar=True)
        return sum((losses[name] * weight for name, weight in self.weights.items() if weight), start=_zero(batch))

    def losses(self, batch: Track, random: torch.Generator) -> dict[str, Tensor]:
        """Every term, unweighted, at random diffusion times t ~ U(0, 1]."""
        carry, generator = self.generator.carry, self.generator
        x0, known = batch.motion[:, carry:], batch.known[:, carry:]
        time = 1 - torch.rand(len(x0), generator=random, device=x0.device)
        noise = torch.randn(x0.shape, generator=random, device=x0.device)
        alpha, sigma = generator.schedule.alpha(time), generator.schedule.sigma(time)
        x_t = noised(x0, noise, alpha, sigma)
        output = generator.net(x_t, time, self._told(batch, random)).float()
        broad = rearrange(torch.stack([alpha, sigma]), "two b -> two b 1 1")
        target = generator.objective.target(x0, noise, *broad)
        clean = generator.objective.clean(output, x_t, *broad)
        return {
            "denoise": masked_mse(output, target, known),
            "velocity": velocity_mse(clean, x0, known, self.speed),
            "smoothness": smoothness_mse(clean, x0, known, self.speed),
        }

    def _told(self, batch: Track, random: torch.Generator) -> Conditions:
        """What the network is told of a batch."""
        directed = (batch.directed & batch.known)[:, self.generator.carry :].any(1)
        return self.dropout(conditions_of(batch, self.generator.carry), random, directed)

    def validation_step(self, batch: Track, batch_idx: int) -> None:  # noqa: ARG002
        made = draw(self.generator, batch.features, seed=self.seed)
        lips = self.probe(made)
        again = draw(self.generator, batch.features, seed=self.seed + len(batch.features))
        measures = {
            "diversity": (again - made).square().mean().sqrt() / (2**0.5 * batch.motion.std()),
            "lip_correlation": correlation(lips, batch.lip_opening).mean(),
            "lip_ceiling": correlation(self.probe(batch.motion), batch.lip_opening).mean(),
            "spread": spread(made) / spread(batch.motion),
            "pose_spread": spread(made[..., :POSE_SIZE]) / spread(batch.motion[..., :POSE_SIZE]),
            "jitter": jitter(made) / jitter(batch.motion),
            "pose_jitter": jitter(made[..., :POSE_SIZE]) / jitter(batch.motion[..., :POSE_SIZE]),
        }
        named = {f"drawn/{name}": value for name, value in measures.items()}
        self.log_dict(named, prog_bar=True, batch_size=len(made))
        self._show(batch, made, lips)

    def _show(self, batch: Track, made: Tensor, lips: Tensor) -> None:
        board = getattr(self.logger, "experiment", None)
        if board is None or not hasattr(board, "add_figure"):
            return
        curves = (batch.lip_opening[0, :, 0].cpu(), lips[0, :, 0].float().cpu())
        rate = self.generator.space.frame_rate
        figure = compare(batch.motion[0].cpu(), made[0].float().cpu(), curves, frame_rate=rate)
        board.add_figure("drawn", figure, self.global_step)

    def transfer_batch_to_device(self, batch: Track, device: torch.device, dataloader_idx: int) -> Track:  # noqa: ARG002
        return batch.to(device)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.optimisation.of(self.generator.parameters())


def conditions_of(batch: Track, carry: int) -> Conditions:
    """A training window's conditions; controls are its own mean gaze, distance and emotion."""
    present = batch.known[:, carry:]

    def token(value: Tensor) -> Given:
        weight = rearrange(present, "b w -> b w 1")
        mean = (value[:, carry:] * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp_min(1)
        return Given(mean, torch.ones_like(present[:, :1]))

    return Conditions(
        audio=Given(batch.features[:, carry:], present),
        gaze=token(batch.gaze),
        distance=token(batch.distance),
        emotion=token(batch.emotion),
        previous_audio=Given(batch.features[:, :carry], batch.known[:, :carry]),
        previous_motion=Given(batch.motion[:, :carry], batch.known[:, :carry]),
    )


def calibrate(generator: DiffusionMotion, frames: Track) -> None:
    """Set the scales of the conditions from training frames [N, ...]."""
    generator.net.audio.calibrate(frames.features)
    for name, embed in generator.net.controls.items():
        embed.calibrate(getattr(frames, name))  # type: ignore[operator]


def draw(generator: DiffusionMotion, features: Tensor, *, seed: int) -> Tensor:
    """Motion from sound alone, window by window as in use: features [B, T, A] -> normalised [B, T, M]."""
    return generator.space.pack(drawn(generator, features, seed=seed))


def _zero(batch: Track) -> Tensor:
    return batch.motion.new_zeros(())
