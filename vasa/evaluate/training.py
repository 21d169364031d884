"""Training of the judges of agreement with Lightning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from vasa.data.agreeing import Talk
from vasa.evaluate.agreement import Agreement
from vasa.evaluate.shifts import shifted_scores
from vasa.training import Optimisation


class AgreementTraining(LightningModule):
    """Learns which window of sound belongs to which of a track; scores held-out clips at shifts of 0 to 4 frames.

    steps: length of the run, where the learning rate reaches zero along a cosine after `warmup` steps.
    """

    def __init__(
        self, network: Agreement, held_out: Sequence[Talk], *,
        learning_rate: float, warmup: int, steps: int, weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__()
        self.network, self.held_out = network, held_out
        self.optimisation = Optimisation(
            learning_rate=learning_rate, warmup=warmup, steps=steps, weight_decay=weight_decay
        )

    def training_step(self, batch: tuple[Tensor, Tensor], _index: int) -> Tensor:
        loss = self.network.loss(*batch)
        self.log("loss", loss, prog_bar=True, batch_size=len(batch[0]))
        return loss

    def validation_step(self, _batch: Any, _index: int) -> None:
        scores = shifted_scores(self.network, self.held_out, device=self.device)
        self.log_dict({f"shift/{name}": value for name, value in scores.items()}, prog_bar=True, batch_size=1)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.optimisation.of(self.parameters())
