"""The paper's ablation (VASA-1, table 3): guidance of sound and gaze, steps, and a sampler of few steps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from vasa.evaluate.agreeing import CAPP, Sync
from vasa.evaluate.head import pose_variation
from vasa.evaluate.lines import Lines
from vasa.evaluate.lips import pooled_correlation
from vasa.evaluate.sayings import Saying, said
from vasa.evaluate.tracks import distance_error_percent, gaze_error_deg, judged, poses
from vasa.motion import MotionGenerator
from vasa.motion.guidance import Guidance, PerCondition
from vasa.motion.objective import Objective, PredictFlow
from vasa.motion.sampler import DDIM, Euler, Multistep, Sampler
from vasa.space import MotionSpace

USUAL = (0.5, 1.0, 50)
# Scales of sound and gaze, and steps, in the paper's order.
PAPER = ((0.0, 0.0, 50), (0.0, 1.0, 50), (0.0, 2.0, 50), USUAL, (1.0, 1.0, 50), (2.0, 1.0, 50), (0.5, 1.0, 10))
FEW = (8, 6, 4)


@runtime_checkable
class Adjustable(MotionGenerator, Protocol):
    """A generator whose sampler and guidance can be exchanged, as those of `vasa.motion.generator.DiffusionMotion`."""

    objective: Objective

    def using(self, *, sampler: Sampler, guidance: Guidance) -> MotionGenerator:
        """The same network, sampled and guided otherwise."""
        ...


@dataclass(frozen=True)
class Variant:
    """One row: scales of guidance and the sampler."""

    audio: float
    gaze: float
    steps: int
    sampler: type[DDIM | Euler | Multistep]

    @property
    def name(self) -> str:
        """As in the paper, with the sampler's name."""
        return f"{self.audio:g}, {self.gaze:g}, {self.steps} {self.sampler.__name__}"

    def of(self, generator: Adjustable) -> MotionGenerator:
        """The generator so sampled; conditions besides sound and gaze are unguided, as published."""
        guidance = PerCondition(audio=self.audio, gaze=self.gaze)
        return generator.using(sampler=self.sampler(steps=self.steps), guidance=guidance)


def adjustable(generator: MotionGenerator) -> Adjustable:
    """The same generator; raises ValueError where it cannot be sampled and guided otherwise."""
    if not isinstance(generator, Adjustable):
        raise ValueError(
            f"A {type(generator).__name__} cannot be sampled and guided otherwise; this table is for those of vasa."
        )
    return generator


def variants(generator: Adjustable) -> list[Variant]:
    """The paper's rows, and the default scales at few steps.

    A flow is sampled by Euler's steps throughout, anything else by DDIM and, at few steps, by DPM-Solver++.
    """
    flow = isinstance(generator.objective, PredictFlow)
    many, few = (Euler, Euler) if flow else (DDIM, Multistep)
    rows = [Variant(audio, gaze, steps, many) for audio, gaze, steps in PAPER]
    return rows + [Variant(*USUAL[:2], steps, few) for steps in FEW]


class Ablation:
    """Measures variants on the same clips with the same seeds, the clips' own gaze and distance asked for.

    capp, sync: judges, where there are any. Nothing is rendered.
    """

    def __init__(
        self, sayings: Sequence[Saying], lines: Lines, *, space: MotionSpace, device: torch.device,
        capp: CAPP | None = None, sync: Sync | None = None, seeds: int = 1,
    ) -> None:  # fmt: skip
        self.sayings, self.lines, self.space, self.device = sayings, lines, space, device
        self.capp, self.sync, self.seeds = capp, sync, seeds

    def __call__(self, generator: MotionGenerator) -> dict[str, float]:
        """One row: means over clips and seeds, and how long a second of one face's motion takes."""
        count = len(self.sayings)
        made = [
            track for seed in range(0, self.seeds * count, count)
            for track in said(generator, self.sayings, seed=seed, device=self.device, asks=True)
        ]  # fmt: skip
        return self.measured(made) | {"seconds_a_second": self.seconds(generator)}

    def truth(self) -> dict[str, float]:
        """The same numbers of true motion: what the lines and the judges say of it."""
        return self.measured([one.motion for one in self.sayings])

    def measured(self, tracks: Sequence[Tensor]) -> dict[str, float]:
        """Tracks [T, M] of every clip, once or several times over."""
        sayings = [*self.sayings] * (len(tracks) // len(self.sayings))
        true = [one.labels["lip_opening"].float() for one in sayings]
        lips = pooled_correlation(true, [self.lines.opening(track) for track in tracks])
        pose = poses(tracks, self.space)
        return {
            "lip_r": lips.r,
            "lip_lag_frames": float(lips.lag),
            **judged(pose, [self.lines.mouth(track) for track in tracks], sayings, self.capp, self.sync),
            "pose_variation_deg": pose_variation([one[:, :3] for one in pose]),
            "gaze_error_deg": gaze_error_deg(tracks, sayings, self.lines),
            "distance_error_percent": distance_error_percent(pose, sayings),
        }

    def seconds(self, generator: MotionGenerator) -> float:
        """Seconds that a second of motion takes to make, for one face; the second time, when all is warm."""
        longest = max(self.sayings, key=len)
        for _ in range(2):
            started = time.perf_counter()
            said(generator, [longest], seed=0, device=self.device, asks=True)
            took = time.perf_counter() - started
        return took * self.space.frame_rate / len(longest)
