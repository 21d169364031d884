"""Training the audio encoder: hear the phones, in order (CTC) and in time (cross-entropy)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch
from einops import rearrange
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional

from vasa.audio.scoring import PhoneScore, auc, collapse, edit_distance, f1
from vasa.audio.wav2vec2 import Wav2Vec2Encoder
from vasa.audio.windows import window_features
from vasa.training import Optimisation

CLOSURES = ("P", "B", "M")


class Spoken(NamedTuple):
    """One held-out sentence."""

    samples: Tensor  # [S] whole frames
    frames: Tensor  # [T] phone at the middle of every frame
    phones: list[int]  # the phones in order, without silences


class AudioTraining(pl.LightningModule):
    """wav2vec2 with two linear heads on phones, at 50 steps a second.

    phones: the inventory, silence first; held_out: sentences by kind, scored as a stream of `window` frames hears
    them; sequence_weight, time_weight: of the CTC and the cross-entropy loss; closure_weight: how much more P, B and
    M count in the latter, because lips show them best. keep: weight of a third loss, how far features of changed
    sound are from those that the encoder had of the sound itself when it began, as a share of their variance: what
    was trained on those features goes on working, and other voices are heard as the ones that it knows. heads_first:
    steps in which the heads, which are new, learn alone and the encoder is only kept.
    """

    weights: Tensor

    def __init__(
        self,
        *,
        encoder: Wav2Vec2Encoder,
        phones: Sequence[str],
        held_out: Mapping[str, Sequence[Spoken]],
        window: int,
        learning_rate: float,
        warmup: int,
        steps: int,
        sequence_weight: float,
        time_weight: float,
        closure_weight: float,
        keep: float = 0.0,
        heads_first: int = 0,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__()
        self.encoder, self.held_out, self.window = encoder, held_out, window
        self.keep, self.begun = keep, deepcopy(encoder).requires_grad_(False) if keep else None
        self.heads_first = heads_first
        self.optimisation = Optimisation(
            learning_rate=learning_rate, warmup=warmup, steps=steps, betas=(0.9, 0.98), weight_decay=weight_decay
        )
        self.sequence_weight, self.time_weight = sequence_weight, time_weight
        self.time_head = nn.Linear(encoder.dim, len(phones))
        self.sequence_head = nn.Linear(encoder.dim, len(phones) + 1)
        self.blank = len(phones)
        self.closures = [index for index, phone in enumerate(phones) if phone in CLOSURES]
        weights = torch.ones(len(phones))
        weights[self.closures] = closure_weight
        self.register_buffer("weights", weights, persistent=False)

    def losses(
        self, samples: Tensor, said: Tensor, steps: Tensor, targets: Tensor, target_lengths: Tensor
    ) -> dict[str, Tensor]:
        """Each loss of a batch: samples and said [B, S], steps [B, 2T], targets [N], target_lengths [B]."""
        features = self.encoder.steps(samples)
        heard = features.detach() if self.global_step < self.heads_first else features
        logits = rearrange(self.time_head(heard).float(), "b t p -> b p t")
        ordered = rearrange(self.sequence_head(heard).float().log_softmax(-1), "b t p -> t b p")
        lengths = torch.full_like(target_lengths, ordered.shape[0])
        found = {
            "time": functional.cross_entropy(logits, steps, weight=self.weights),
            "sequence": functional.ctc_loss(ordered, targets, lengths, target_lengths, self.blank, zero_infinity=True),
        }
        return found if self.begun is None else found | {"keep": self._moved(features, self.begun, said)}

    @staticmethod
    def _moved(features: Tensor, begun: Wav2Vec2Encoder, said: Tensor) -> Tensor:
        """How far features [B, 2T, A] are from an encoder's of what was said [B, S], as a share of their variance."""
        with torch.no_grad():
            had = begun.eval().steps(said).float()
        return (features.float() - had).square().mean() / had.var((0, 1)).mean().clamp_min(1e-6)

    def training_step(self, batch: tuple[Tensor, ...], _index: int) -> Tensor:
        losses = self.losses(*batch)
        total = self.time_weight * losses["time"] + self.sequence_weight * losses["sequence"]
        total = total + self.keep * losses.get("keep", 0.0)
        self.log_dict({f"train/{name}": loss for name, loss in losses.items()}, prog_bar=True, batch_size=1)
        return total

    def validation_step(self, _batch: Any, _index: int) -> None:
        for kind, sentences in self.held_out.items():
            score = self.score(sentences)
            for name in ("frame_accuracy", "closure_auc", "closure_f1", "phone_error"):
                self.log(f"{kind}/{name}", getattr(score, name), batch_size=1)

    @torch.inference_mode()
    def score(self, sentences: Sequence[Spoken]) -> PhoneScore:
        """Scores of held-out sentences: frames as heard window by window, the order of phones as heard at once."""
        chances, labels, errors, spoken = [], [], 0, 0
        for sentence in sentences:
            samples = rearrange(sentence.samples, "s -> 1 s").to(self.device)
            features = window_features(self.encoder, samples, self.window)
            chances.append(self.time_head(features)[0].float().softmax(-1).cpu())
            labels.append(sentence.frames)
            path = self.sequence_head(self.encoder.steps(samples))[0].argmax(-1).cpu()
            errors += edit_distance(sentence.phones, collapse(path, self.blank))
            spoken += len(sentence.phones)
        heard, truth = torch.cat(chances), torch.cat(labels)
        closed, closure = torch.isin(truth, torch.tensor(self.closures)), heard[:, self.closures].sum(-1)
        accuracy = float((heard.argmax(-1) == truth).float().mean())
        return PhoneScore(accuracy, auc(closure, closed), f1(closure > 0.5, closed), errors / max(spoken, 1))

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.optimisation.of(self.parameters())
