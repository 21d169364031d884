"""`vasa train audio`: train the audio encoder on a speech corpus."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig
from torch.utils.data import DataLoader, TensorDataset

from vasa import checkpoint
from vasa.audio.training import AudioTraining, Spoken
from vasa.clock import CLOCK
from vasa.config import compose, instantiate
from vasa.data.speech import Recording, SpeechPieces, held_out, spoken_phones
from vasa.people.phones import PHONES, phone_track
from vasa.people.voices import Utterance


def run(overrides: list[str]) -> None:
    """Train until done, going on from the last checkpoint of `output` unless resume=false."""
    settings = compose("train_audio", overrides)
    seed_everything(settings.seed, verbose=False)
    pieces: SpeechPieces = instantiate(settings.data)
    module = build(settings)
    folder = Path(settings.output)
    saves = ModelCheckpoint(
        dirpath=folder, train_time_interval=timedelta(minutes=settings.checkpoint_minutes), save_last=True, save_top_k=0
    )
    trainer: Trainer = instantiate(
        settings.trainer,
        logger=TensorBoardLogger(str(folder), name="log", version=""),
        callbacks=[saves, SaveEncoder(folder / "encoder", settings.encoder)],
        val_check_interval=settings.validate_every,
    )
    last = folder / "last.ckpt"
    resumed = str(last) if settings.resume and last.exists() else None
    batches = DataLoader(pieces, batch_size=None, num_workers=1, prefetch_factor=4)
    trainer.fit(module, batches, DataLoader(TensorDataset(torch.zeros(1))), ckpt_path=resumed)
    for kind, sentences in module.held_out.items():
        print(f"{kind}: {module.score(sentences)}")
    print(f"Wrote {folder / 'encoder'}.")


class SaveEncoder(Callback):
    """Writes the encoder as a checkpoint of vasa whenever it was scored, and at the end."""

    def __init__(self, folder: Path, config: DictConfig) -> None:
        self.folder, self.config = folder, config

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self._save(pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self._save(pl_module)

    def _save(self, module: LightningModule) -> None:
        assert isinstance(module, AudioTraining)
        checkpoint.save(self.folder, module.encoder, self.config, half=True)


def build(settings: DictConfig) -> AudioTraining:
    """The module of a configuration, with its held-out sentences."""
    ljspeech, librivox = (Path(name) if name else None for name in (settings.data.ljspeech, settings.librivox))
    groups = held_out(
        Path(settings.data.folder), ljspeech=ljspeech, librivox=librivox, synthetic=settings.held_out_sentences
    )
    sentences = {kind: [spoken(said) for said in group] for kind, group in groups.items() if group}
    module: AudioTraining = instantiate(
        settings.training, encoder=instantiate(settings.encoder), phones=PHONES, held_out=sentences
    )
    return module


def spoken(said: Recording | Utterance) -> Spoken:
    """A held-out sentence as tensors."""
    length = CLOCK.frames(len(said.samples))
    middles = (np.arange(length) + 0.5) / CLOCK.frame_rate
    frames = torch.from_numpy(phone_track(said.phones, middles)).long()
    phones = spoken_phones(said.phones, len(said.samples) / CLOCK.sample_rate)
    return Spoken(torch.from_numpy(said.samples), frames, phones)
