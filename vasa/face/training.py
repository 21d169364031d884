"""Training of face readers with Lightning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from vasa.data.reading import known
from vasa.face import losses as terms
from vasa.face.augment import Augmentation, framed
from vasa.face.labels import FaceLabels
from vasa.face.reader import FaceReader
from vasa.face.reading import FaceReading
from vasa.face.scores import nme, same_person, scores
from vasa.training import Optimisation, chance, rest, weighted_sum


class ReaderTraining(LightningModule):
    """Learns to read single frames of virtual people, whatever was done to their pictures.

    people: how many the film has; weights: name of a loss -> its weight; losses of weight 0 are still logged. frozen:
    parts of the reader that keep their weights and the statistics of their norms.
    """

    def __init__(
        self, reader: FaceReader, *, people: int, weights: Mapping[str, float], augmentation: Augmentation,
        learning_rate: float, warmup: int, steps: int, hold: float, seed: int, weight_decay: float = 0.02,
        frozen: Sequence[str] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        self.reader, self.augmentation, self.weights = reader, augmentation, dict(weights)
        for name in frozen:
            reader.get_submodule(name).requires_grad_(False)
        self.face_loss = terms.FaceLoss()
        self.terms = nn.ModuleDict({
            "landmarks": terms.LandmarkLoss(),
            "spread": terms.SpreadLoss(),
            "pose": terms.PoseLoss(),
            "gaze": terms.GazeLoss(),
            "blink": terms.BlinkLoss(),
            "lips": terms.LipLoss(),
            "arkit": terms.ArkitLoss(),
            "emotion": terms.EmotionLoss(),
            "identity": terms.IdentityLoss(people=people, dim=reader.identity_size),
            "likeness": terms.LikenessLoss(),
        })
        if unweighted := sorted({*self.terms, "face"} - self.weights.keys()):
            raise ValueError(f"There is no weight for {', '.join(unweighted)}; 0 leaves a loss out of the sum.")
        self.seed = seed
        self.optimisation = Optimisation(
            learning_rate=learning_rate, warmup=warmup, steps=steps, hold=hold, betas=(0.9, 0.99),
            weight_decay=weight_decay,
        )  # fmt: skip
        self._plain: list[tuple[FaceReading, FaceLabels]] = []
        self._hard: list[tuple[FaceReading, FaceLabels]] = []
        self._clips: list[Tensor] = []
        self.train()

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        rest(self.reader)
        return self

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        changed = self.changed(batch, chance(self, self.seed, batch_idx))
        return weighted_sum(self, self.losses(*changed), self.weights)

    def changed(self, batch: dict[str, Tensor], random: torch.Generator) -> tuple[Tensor, FaceLabels]:
        """Pictures at the reader's sharp size, changed as cameras and people would, and their labels."""
        picture = batch["frame"].float() / 255
        return self.augmentation(picture, batch["part"], known(batch), self.reader.sharp_size, random)

    def losses(self, picture: Tensor, truth: FaceLabels) -> dict[str, Tensor]:
        """Every term, unweighted."""
        estimate = self.reader.estimate(picture)
        with torch.autocast(self.device.type, enabled=False):
            there, of_faces = estimate[truth.face], truth[truth.face]
            found = {name: term(there, of_faces) for name, term in self.terms.items()}
            return found | {"face": self.face_loss(estimate, truth)}

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        plain = framed(batch["frame"].float() / 255, self.reader.sharp_size)
        self._plain.append((self.reader(plain), known(batch)))
        picture, truth = self.changed(batch, torch.Generator().manual_seed(batch_idx))
        self._hard.append((self.reader(picture), truth))
        self._clips.append(batch["clip"])

    def on_validation_epoch_end(self) -> None:
        read, hard = (FaceReading.cat([row[0] for row in rows]) for rows in (self._plain, self._hard))
        truth, hidden = (FaceLabels.cat([row[1] for row in rows]) for rows in (self._plain, self._hard))
        faces = hidden.face
        found = scores(read, truth) | {
            "hard_nme_percent": nme(hard.landmarks[faces], hidden.landmarks[faces], hidden.seen[faces]),
            "face_accuracy": ((hard.face > 0.5) == faces).float().mean(),
        }
        self.log_dict({f"held_out/{name}": value.float() for name, value in found.items()}, prog_bar=True)
        self.log_dict({f"held_out/{name}": value for name, value in self._likeness(read, hard, truth, faces).items()})
        for kept in (self._plain, self._hard, self._clips):
            kept.clear()

    def _likeness(
        self, read: FaceReading, hard: FaceReading, truth: FaceLabels, faces: Tensor
    ) -> dict[str, Tensor]:
        """Changed pictures of faces among unchanged ones: of other clips alone, and of all but the same frame."""
        clip = torch.cat(self._clips)
        elsewhere, other = clip[:, None] != clip, ~torch.eye(len(clip), dtype=torch.bool, device=clip.device)
        found = {
            name: same_person(hard.identity, read.identity, truth.person, allowed & faces[:, None])
            for name, allowed in {"identity_other_clip": elsewhere, "identity_other_frame": other}.items()
        }
        return {name: value for name, value in found.items() if value.isfinite()}

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.optimisation.of(self.parameters())
