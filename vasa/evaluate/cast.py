"""Held-out people with their voices, ready to be driven by any motion generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vasa.audio import AudioEncoder, window_features
from vasa.data.film import Clip, talking
from vasa.motion import MotionGenerator
from vasa.pipeline import Pipeline
from vasa.render.speed import fast
from vasa.types import Motion, Portrait


@dataclass(frozen=True)
class Cast:
    """B people of a film, and what each of them says.

    portraits: of each clip's first frame. samples: [B, S] and features: [B, T, A] of the voices, S and T of a length.
    """

    clips: tuple[Clip, ...]
    portraits: tuple[Portrait, ...]
    samples: Tensor
    features: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, pipe: Pipeline, clips: Sequence[Clip], *, frames: int) -> Cast:
        """Everybody says what is heard in his clip, again and again until there are so many frames."""
        generator, audio = voice_of(pipe)
        heard = torch.stack([_repeated(clip.speech(), audio.clock.samples(frames)) for clip in clips])
        rows = [window_features(audio, row[None].to(pipe.device), generator.window) for row in heard]
        return cls(tuple(clips), tuple(portrait_of(pipe, clip) for clip in clips), heard, torch.cat(rows))

    def __len__(self) -> int:
        return len(self.clips)


def voice_of(pipe: Pipeline) -> tuple[MotionGenerator, AudioEncoder]:
    """The parts that make motion of sound; raises ValueError where the pipeline has none."""
    if pipe.motion is None or pipe.audio is None:
        raise ValueError("This model has no voice, so there is nothing to ask of it; take one that can `animate`.")
    return pipe.motion, pipe.audio


def talkers(clips: Sequence[Clip], most: int) -> list[Clip]:
    """At most so many clips of people who talk, spread evenly over the film; raises ValueError where there are none."""
    found = talking([*clips])
    if not found:
        raise ValueError("None of these clips shows a person who talks or listens; film some.")
    chosen = torch.linspace(0, len(found) - 1, min(most, len(found))).round().long()
    return [found[index] for index in chosen.tolist()]


@torch.no_grad()
def portrait_of(pipe: Pipeline, clip: Clip) -> Portrait:
    """What the renderer remembers of a clip's first frame."""
    side = pipe.renderer.image_size
    frame = clip.frames(slice(0, 1)).float() / 255
    sized = F.interpolate(frame, (side, side), mode="bilinear", antialias=True, align_corners=False)
    return pipe.renderer.encode(sized.clamp(0, 1).to(pipe.device))


@torch.no_grad()
def shown(pipe: Pipeline, portrait: Portrait, motion: Motion) -> Tensor:
    """Motion [1, T, M], as the generator made it, on one face: [T, 3, S, S] on the CPU."""
    parts = []
    for start in range(0, motion.length, pipe.batch):
        with fast(pipe.device):
            frames = pipe.renderer.render(portrait, motion[slice(start, start + pipe.batch)])
        parts.append(frames[0].float().cpu().clamp(0, 1))
    return torch.cat(parts)


def _repeated(samples: Tensor, length: int) -> Tensor:
    return samples.repeat(-(-length // len(samples)))[:length]
