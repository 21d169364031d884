"""How a generator speaks: lips that shut on P, B and M, in time, and performances that differ from seed to seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from vasa.audio import window_features
from vasa.data.film import Clip
from vasa.evaluate.cast import portrait_of, shown, voice_of
from vasa.evaluate.head import pose_variation
from vasa.evaluate.judges import Reading
from vasa.evaluate.lines import Lines
from vasa.evaluate.lips import open_auc, pooled_correlation, shut_level, shut_on_closed
from vasa.evaluate.sayings import Saying, said
from vasa.evaluate.tracks import poses
from vasa.motion.drawing import drawn
from vasa.people.phones import phone_track
from vasa.people.voices import Utterance
from vasa.pipeline import Pipeline
from vasa.space import MotionSpace

SHUT = 0.005  # opening from which a film's labels say that lips touch


class Looks(Protocol):
    """A judge of lip openings (`vasa.evaluate.judges.Judge`)."""

    def __call__(self, frames: Tensor) -> Reading:
        """Frames [T, 3, H, W] in [0, 1], in order of time."""
        ...


@dataclass(frozen=True)
class Lips:
    """Openings [T] on a picture and the phone [T] that sounds at each frame; true: [T] as labelled, if there is one."""

    measured: Tensor
    phones: Tensor
    true: Tensor | None = None


def filmed(clip: Clip, judge: Looks) -> Lips:
    """What the judge sees in a clip's own frames."""
    opening = judge(clip.frames(slice(None)).float() / 255).opening
    return Lips(opening, clip.labels["phone"].long(), clip.labels["lip_opening"].float())


@torch.no_grad()
def spoken(pipe: Pipeline, clip: Clip, track: Tensor, judge: Looks) -> Lips:
    """What the judge sees of a clip's person with a generator's motion [T, M], normalised, for that clip."""
    motion = pipe.renderer.space.unpack(track[None]).to(pipe.device)
    opening = judge(shown(pipe, portrait_of(pipe, clip), motion)).opening
    return Lips(opening, clip.labels["phone"].long(), clip.labels["lip_opening"].float())


@torch.no_grad()
def recited(pipe: Pipeline, clip: Clip, utterance: Utterance, judge: Looks, *, seed: int = 0) -> Lips:
    """What the judge sees of a clip's person who says a recorded sentence."""
    generator, audio = voice_of(pipe)
    samples = torch.from_numpy(utterance.samples)
    features = window_features(audio, samples[None].to(pipe.device), generator.window)
    opening = judge(shown(pipe, portrait_of(pipe, clip), drawn(generator, features, seed=seed))).opening
    middles = (torch.arange(len(opening)) + 0.5) / audio.clock.frame_rate
    return Lips(opening, torch.from_numpy(phone_track(utterance.phones, middles.numpy())).long())


def level_of(seen: Sequence[Lips]) -> float:
    """What the judge measures of lips that are shut, from true frames (`vasa.evaluate.lips.shut_level`)."""
    pairs = [(one.measured, one.true) for one in seen if one.true is not None]
    measured, true = (torch.cat([*some]) for some in zip(*pairs, strict=True))
    return shut_level(measured, true, shut=SHUT)


def lip_numbers(made: Sequence[Lips], level: float) -> dict[str, float]:
    """Share of P, B and M on which lips shut fully, open vowels against them, and, where the truth is known, timing."""
    shut = torch.cat([shut_on_closed(one.measured, one.phones, level=level) for one in made])
    openings, phones = (torch.cat([getattr(one, name) for one in made]) for name in ("measured", "phones"))
    numbers = {
        "shut_on_pbm": float(shut.double().mean()),
        "pbm": float(len(shut)),
        "open_auc": open_auc(openings, phones),
    }
    timed = [(one.true, one.measured) for one in made if one.true is not None]
    if timed:
        match = pooled_correlation(*([*some] for some in zip(*timed, strict=True)))
        numbers |= {"lip_r": match.r, "lip_lag_frames": float(match.lag)}
    return numbers


def labelled_shut(clips: Iterable[Clip]) -> float:
    """Share of P, B and M on which lips shut as the labels say."""
    found = [shut_on_closed(c.labels["lip_opening"].float(), c.labels["phone"].long(), level=SHUT) for c in clips]
    return float(torch.cat(found).double().mean())


def performances(pipe: Pipeline, sayings: Sequence[Saying], *, seeds: int) -> list[list[Tensor]]:
    """Every clip's sound, nothing else asked, with so many seeds: for each seed, tracks [T, M] of all clips."""
    generator, _ = voice_of(pipe)
    first = range(0, seeds * len(sayings), len(sayings))
    return [said(generator, sayings, seed=seed, device=pipe.device, asks=False) for seed in first]


def diversity(
    made: Sequence[Sequence[Tensor]], sayings: Sequence[Saying], lines: Lines, space: MotionSpace
) -> dict[str, float]:
    """Performances beside the truth, from latents alone.

    lips_spread, head_spread: standard deviation over seeds, frame by frame, of opening and angles, relative to that of
    the truth over all frames of all clips: 0 is one performance, 1 are performances of strangers. lip_r: of each
    seed's lips with the truth, averaged: that they differ must not cost time. pose_variation_of_truth: 1 is as lively.
    """
    if len(made) < 2:
        raise ValueError(f"Diversity is that of two seeds or more; got {len(made)}.")
    true = [one.labels["lip_opening"].float() for one in sayings]
    heads = [[pose[:, :3] for pose in poses(tracks, space)] for tracks in made]
    lips = [[lines.opening(track) for track in tracks] for tracks in made]
    still = [pose[:, :3] for pose in poses([one.motion for one in sayings], space)]
    matches = [pooled_correlation(true, some) for some in lips]
    moved = sum(pose_variation(some) for some in heads) / len(heads)
    head = _over_seeds(heads)
    return {
        "lip_r_latents": sum(match.r for match in matches) / len(matches),
        "lip_lag_frames_latents": sum(match.lag for match in matches) / len(matches),
        "lips_spread": _over_seeds(lips) / float(torch.cat([lines.opening(one.motion) for one in sayings]).std()),
        "head_spread": head / float(torch.cat(still).std(0).mean()),
        "head_spread_deg": float(torch.tensor(head).rad2deg()),
        "pose_variation_deg": moved,
        "pose_variation_of_truth": moved / pose_variation(still),
    }


def _over_seeds(made: Sequence[Sequence[Tensor]]) -> float:
    """Standard deviation over seeds of tracks [T, ...] of every clip, averaged over frames."""
    return float(torch.cat([torch.stack(tracks).std(0) for tracks in zip(*made, strict=True)]).mean())
