"""vasa train audio: teach the audio encoder from a speech corpus."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from omegaconf import DictConfig

from vasa import checkpoint
from vasa.audio.training import AudioTraining, Spoken
from vasa.cli.training import resumed, settings, trainer
from vasa.clock import CLOCK
from vasa.config import TRAINING, instantiate
from vasa.data.speech import Recording, held_out, spoken_phones
from vasa.people.phones import PHONES, phone_track
from vasa.people.voices import Utterance


def run(overrides: list[str]) -> None:
    """Train as `conf/train_audio.yaml` and the overrides say; goes on from output/training/last.ckpt if there is one.

    Raises ValueError where a key without a default is missing, the corpus cannot be read, or nothing is there to keep.
    """
    config = settings("audio", overrides, example="data.folder=SPEECH output=OUT")
    if config.training.keep and not config.init:
        raise ValueError("training.keep keeps features of the encoder that it begins with: name it with init=FOLDER.")
    training = build(config)
    model = checkpoint.config_of(config.init) if config.init else config.encoder
    data = instantiate(config.data, also=TRAINING)
    trainer(config, part="encoder", model=model).fit(training, datamodule=data, ckpt_path=resumed(config))
    checkpoint.save(config.output, training.encoder, model, half=True)
    for kind, sentences in training.held_out.items():
        print(f"{kind}: {training.score(sentences)}")


def build(config: DictConfig) -> AudioTraining:
    """The module of a configuration, with its held-out sentences."""
    ljspeech, librivox = (Path(name) if name else None for name in (config.data.ljspeech, config.librivox))
    groups = held_out(
        Path(config.data.folder), ljspeech=ljspeech, librivox=librivox, synthetic=config.held_out_sentences
    )
    sentences = {kind: [spoken(said) for said in group] for kind, group in groups.items() if group}
    encoder = checkpoint.load(config.init).train() if config.init else instantiate(config.encoder)
    training: AudioTraining = instantiate(config.training, encoder=encoder, phones=PHONES, held_out=sentences)
    return training


def spoken(said: Recording | Utterance) -> Spoken:
    """A held-out sentence as tensors."""
    length = CLOCK.frames(len(said.samples))
    middles = (np.arange(length) + 0.5) / CLOCK.frame_rate
    frames = torch.from_numpy(phone_track(said.phones, middles)).long()
    phones = spoken_phones(said.phones, len(said.samples) / CLOCK.sample_rate)
    return Spoken(torch.from_numpy(said.samples), frames, phones)
