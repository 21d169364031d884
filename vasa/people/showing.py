"""One person in motion: a short clip with sound, to look at before hours are filmed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from einops import rearrange

from vasa.clock import CLOCK
from vasa.media.video import VideoWriter
from vasa.people.behaviour import speak
from vasa.people.body import embody
from vasa.people.clip import Script, posed
from vasa.people.looks import look
from vasa.people.person import Person
from vasa.people.scene import Stage
from vasa.people.speech_source import SpeechSource


def talk(who: Person, speech: SpeechSource, *, seed: int, seconds: float) -> Script:
    """What a person says and does in a clip to look at; raises EspeakError where nothing can speak."""
    rng = np.random.default_rng((seed, 3, who.number))
    scene = look(rng)
    said = speech.draw(rng, who.split, CLOCK.frames_in(seconds))
    return Script(who, "speech", False, said, speak(rng, said.phones, said.samples, who.habits, wide=False), scene)


def write_talk(made: Script, path: Path, *, size: int, cache: Path | None, shapes: Path | None = None) -> Path:
    """Film a script and write it as an mp4 with its sound, whole or not at all."""
    avatar = embody(made.who, cache=cache, shapes=shapes)
    with Stage(size=size) as stage:
        filmed = stage.film(avatar, made.look, expression=made.acted.expression, parts=posed(avatar, made).parts)
    frames = rearrange(torch.from_numpy(filmed.frames), "t h w c -> t c h w").float() / 255
    with VideoWriter(path, (size, size)) as writer:
        writer.write(frames, torch.from_numpy(made.said.samples))
    return path
