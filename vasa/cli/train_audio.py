"""vasa train audio: teach the audio encoder from a speech corpus."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from lightning.pytorch import seed_everything
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf
from torch.utils.data import DataLoader, TensorDataset

from vasa import checkpoint
from vasa.audio.training import AudioTraining, Spoken
from vasa.clock import CLOCK
from vasa.config import compose, instantiate
from vasa.data.speech import Recording, held_out, spoken_phones
from vasa.people.phones import PHONES, phone_track
from vasa.people.voices import Utterance
from vasa.training import Export, resumable


def run(overrides: list[str]) -> None:
    """Train as `conf/train_audio.yaml` and the overrides say; goes on from output/training/last.ckpt if there is one.

    Raises ValueError where a key without a default is missing or the corpus cannot be read.
    """
    config = compose("train_audio", overrides)
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise ValueError(
            f"Training an encoder needs {', '.join(missing)}: vasa train audio data.folder=SPEECH output=OUT"
        )
    if config.threads:
        torch.set_num_threads(config.threads)
    seed_everything(config.seed, verbose=False)
    folder, training = Path(config.output), build(config)
    trainer = instantiate(
        config.trainer,
        callbacks=[
            Export(folder, "encoder", config.encoder),
            resumable(folder / "training", minutes=config.save_minutes),
        ],
        logger=TensorBoardLogger(folder / "training", name="", version=""),
    )
    pieces = DataLoader(instantiate(config.data), batch_size=None, num_workers=1, prefetch_factor=4)
    once = DataLoader(TensorDataset(torch.zeros(1)))  # the module holds what it is scored on
    last = folder / "training" / "last.ckpt"
    trainer.fit(training, pieces, once, ckpt_path=last if last.is_file() else None)
    checkpoint.save(folder, training.encoder, config.encoder, half=True)
    for kind, sentences in training.held_out.items():
        print(f"{kind}: {training.score(sentences)}")


def build(config: DictConfig) -> AudioTraining:
    """The module of a configuration, with its held-out sentences."""
    ljspeech, librivox = (Path(name) if name else None for name in (config.data.ljspeech, config.librivox))
    groups = held_out(
        Path(config.data.folder), ljspeech=ljspeech, librivox=librivox, synthetic=config.held_out_sentences
    )
    sentences = {kind: [spoken(said) for said in group] for kind, group in groups.items() if group}
    training: AudioTraining = instantiate(
        config.training, encoder=instantiate(config.encoder), phones=PHONES, held_out=sentences
    )
    return training


def spoken(said: Recording | Utterance) -> Spoken:
    """A held-out sentence as tensors."""
    length = CLOCK.frames(len(said.samples))
    middles = (np.arange(length) + 0.5) / CLOCK.frame_rate
    frames = torch.from_numpy(phone_track(said.phones, middles)).long()
    phones = spoken_phones(said.phones, len(said.samples) / CLOCK.sample_rate)
    return Spoken(torch.from_numpy(said.samples), frames, phones)
