"""Held-out clips as a motion generator learns them: true motion, what is heard, and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vasa.data.extract import extract_clip
from vasa.data.film import Clip
from vasa.evaluate.cast import voice_of
from vasa.motion import MotionGenerator
from vasa.motion.drawing import drawn
from vasa.pipeline import Pipeline
from vasa.render.volume import VolumeRenderer
from vasa.types import Controls, Motion


@dataclass(frozen=True)
class Saying:
    """One clip. motion: [T, M], normalised. features: [T, A]. samples: [S], T frames of them. labels: each [T, ...].

    main_gaze: [2] in radians.
    """

    motion: Tensor
    features: Tensor
    samples: Tensor
    labels: dict[str, Tensor]
    main_gaze: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, pipe: Pipeline, clip: Clip) -> Saying:
        """What `vasa extract` finds in a clip, `--labelled` where there are labels and the renderer knows what they
        stand for: the truth, and not what an encoder sees. Raises ValueError where the pipeline has no voice."""
        generator, audio = voice_of(pipe)
        knows = isinstance(pipe.renderer, VolumeRenderer) and pipe.renderer.meaning is not None
        labelled = knows and "expression" in clip.labels
        extracted = extract_clip(clip, pipe.renderer, audio, window=generator.window, labelled=labelled)
        found = {name: value.clone() for name, value in extracted.items()}
        motion = generator.space.pack(Motion(found["pose"][None], found["dynamics"][None]))[0]
        return cls(motion, found["features"], clip.speech(), clip.labels, found["main_gaze"])

    def __len__(self) -> int:
        return len(self.motion)

    def asked(self) -> Controls:
        """What this clip does, asked for: its main gaze and its mean distance, [1, C]."""
        return Controls(gaze=self.main_gaze[None].float(), distance=self.labels["distance"].float().mean(0)[None])


@torch.no_grad()
def said(
    generator: MotionGenerator, sayings: Sequence[Saying], *, seed: int, device: torch.device, asks: bool
) -> list[Tensor]:
    """The generator's motion for each clip [T, M], normalised, on the CPU; `asks`: with the clip's gaze and distance.

    All in one batch: shorter sound is followed by nothing, as at the end of a stream.
    """
    longest = max(len(one) for one in sayings)
    features = torch.stack([F.pad(one.features, (0, 0, 0, longest - len(one))) for one in sayings])
    asked = Controls.cat([one.asked() for one in sayings]) if asks else Controls()
    motion = drawn(generator, features.to(device), asked.to(device), seed=seed)
    latents = generator.space.pack(motion).float().cpu()
    return [row[: len(one)] for row, one in zip(latents, sayings, strict=True)]
