"""Training of renderers against a critic, with Lightning's manual optimisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from vasa.render import losses as terms_of
from vasa.render.augment import DriverAugmentation
from vasa.render.critic import MultiScaleCritic
from vasa.render.passes import Passes, Term
from vasa.render.training import RendererTraining
from vasa.render.volume import VolumeRenderer
from vasa.training import weighted_sum

CRITIC_LOSSES = ("adversarial", "matching")


class AdversarialTraining(RendererTraining):
    """As `RendererTraining`, with a critic that learns in turn: each step first the renderer's, then the critic's.

    critic_weights: of the losses `adversarial` and `matching`. critic_rate: its learning rate. clip: largest norm of
    either's gradient. accumulate: parts that a batch is cut into, whose gradients are summed before a step: memory
    falls, and no step is ever half done when a run is stopped.
    Raises ValueError without these weights.
    """

    def __init__(
        self, renderer: VolumeRenderer, *, critic: MultiScaleCritic,
        critic_weights: Mapping[str, float] | None, critic_rate: float, clip: float, accumulate: int,
        weights: Mapping[str, float], terms: Mapping[str, Term], learning_rate: float, warmup: int, steps: int,
        hold: float, seed: int, trust: float, colour: float, emphasis: float, labelled: float = 0.0,
        augment: DriverAugmentation | None = None, foreground: bool = False, lowest: float = 0.0,
        betas: Sequence[float] = (0.5, 0.999), weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        if critic_weights is None or {*critic_weights} != {*CRITIC_LOSSES}:
            raise ValueError(
                f"A critic needs loss.critic_weights of {' and '.join(CRITIC_LOSSES)}, as loss=shipped and loss=paper "
                "have them."
            )
        super().__init__(
            renderer, weights=weights, terms=terms, learning_rate=learning_rate, warmup=warmup, steps=steps, hold=hold,
            seed=seed, trust=trust, colour=colour, emphasis=emphasis, labelled=labelled, augment=augment,
            foreground=foreground, lowest=lowest, betas=betas, weight_decay=weight_decay,
        )  # fmt: skip
        self.automatic_optimization = False
        self.weights.update(critic_weights)
        self.critic, self.critic_rate, self.clip, self.accumulate = critic, critic_rate, clip, accumulate
        self.fooling, self.matching = terms_of.AdversarialLoss(), terms_of.MatchingLoss()
        self.judging = terms_of.CriticLoss()

    def on_fit_start(self) -> None:
        """Raises ValueError for half precision: its scaled gradients would be unscaled for neither optimiser."""
        if str(self.trainer.precision).startswith("16"):
            raise ValueError(f"A critic trains in bfloat16 or float32, not in {self.trainer.precision}.")

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:  # type: ignore[override]  # noqa: ARG002
        optimizers, schedules = self.optimizers(), self.lr_schedulers()
        assert isinstance(optimizers, list)
        assert isinstance(schedules, list)
        renderers, critics = optimizers
        shown = [self._teach_renderer(part, number) for number, part in enumerate(self._parts(batch))]
        self._step(renderers, self.taught())
        for made, real in shown:
            self._teach_critic(made, real)
        # Lightning counts every step of its own optimisers; one that it does not see keeps steps and batches equal.
        self._step(critics.optimizer, list(self.critic.parameters()))
        for schedule in schedules:
            assert isinstance(schedule, torch.optim.lr_scheduler.LambdaLR)
            schedule.step()

    def _teach_renderer(self, batch: dict[str, Tensor], number: int) -> tuple[Tensor, Tensor]:
        found, passes = self.losses(*self.view(batch, number))
        if passes is None:
            raise ValueError("A critic needs pictures to judge: set data.drivers=1 or more, or train without it.")
        self.manual_backward(weighted_sum(self, found | self.judged(passes), self.weights) / self.accumulate)
        return passes.picture.detach(), passes.target.picture

    def _teach_critic(self, made: Tensor, real: Tensor) -> None:
        loss = self.judging(self.critic(made), self.critic(real))
        self.log("loss/critic", loss.detach())
        self.manual_backward(loss / self.accumulate)

    def judged(self, passes: Passes) -> dict[str, Tensor]:
        """What the critic says of the renderer; the critic itself learns nothing by it."""
        self.critic.requires_grad_(False)
        made, real = self.critic(passes.picture), self.critic(passes.target.picture)
        self.critic.requires_grad_(True)
        return {"adversarial": self.fooling(made), "matching": self.matching(made, real)}

    def _parts(self, batch: dict[str, Tensor]) -> list[dict[str, Tensor]]:
        rows = len(batch["frames"])
        if rows % self.accumulate:
            raise ValueError(f"{self.accumulate} parts do not divide a batch of {rows}; change training.accumulate.")
        step = rows // self.accumulate
        return [{name: x[n : n + step] for name, x in batch.items()} for n in range(0, rows, step)]

    def _step(self, optimizer: Any, parameters: Sequence[nn.Parameter]) -> None:
        torch.nn.utils.clip_grad_norm_(parameters, self.clip)
        optimizer.step()
        optimizer.zero_grad()

    def shardable(self) -> list[nn.Module]:
        return [*super().shardable(), self.critic]

    def configure_optimizers(self) -> tuple[list[torch.optim.AdamW], list[torch.optim.lr_scheduler.LambdaLR]]:
        of_critic = replace(self.optimisation, learning_rate=self.critic_rate)
        pairs = [self.optimisation.pair(self.taught()), of_critic.pair(self.critic.parameters())]
        return [optimizer for optimizer, _ in pairs], [schedule for _, schedule in pairs]
