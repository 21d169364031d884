"""What is in motion latents, read off by straight lines that a film's labelled frames were fitted with.

So a motion generator is measured without a picture, in seconds, as true motion is by the same lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vasa.data.agreeing import mouth
from vasa.evaluate.sayings import Saying
from vasa.motion.probe import LinearProbe

OPENING, GAZE, MOUTH = "lip opening", "gaze", "mouth"


@dataclass(frozen=True)
class Lines:
    """Readings of normalised latents [T, M]: lip opening [T], gaze [T, 2] in radians, the lips' shape [T, 40].

    agreement: correlation of each with its label, on the half of the clips that it was not fitted on.
    """

    lines: dict[str, LinearProbe]
    agreement: dict[str, float]

    @classmethod
    def fit(cls, sayings: Sequence[Saying]) -> Lines:
        """Fit on clips; raises ValueError where there are fewer than four, half of which has to be left for trial."""
        check_enough(len(sayings))
        agreement = {name: _tried(sayings, name) for name in _LABELS}
        return cls({name: _fitted(sayings, name) for name in _LABELS}, agreement)

    def opening(self, latents: Tensor) -> Tensor:
        """[T, M] -> [T], in the units of the film's labels."""
        return self.lines[OPENING](latents)[:, 0]

    def gaze(self, latents: Tensor) -> Tensor:
        """[T, M] -> yaw, pitch [T, 2] in radians, camera frame."""
        return self.lines[GAZE](latents)

    def mouth(self, latents: Tensor) -> Tensor:
        """[T, M] -> [T, 40], see `vasa.data.agreeing.mouth`."""
        return self.lines[MOUTH](latents)


def check_enough(clips: int) -> None:
    """Raise ValueError where there are too few clips to fit lines on one half and try them on the other."""
    if clips < 4:
        raise ValueError(f"Lines through latents take 4 clips or more; got {clips}.")


_LABELS = {
    OPENING: lambda labels: labels["lip_opening"].float()[:, None],
    GAZE: lambda labels: labels["gaze"].float(),
    MOUTH: mouth,
}


def _fitted(sayings: Sequence[Saying], name: str) -> LinearProbe:
    true = torch.cat([_LABELS[name](one.labels) for one in sayings])
    return LinearProbe.fit(torch.cat([one.motion for one in sayings]), true)


def _tried(sayings: Sequence[Saying], name: str) -> float:
    line, others = _fitted(sayings[::2], name), sayings[1::2]
    read = line(torch.cat([one.motion for one in others])).double()
    true = torch.cat([_LABELS[name](one.labels) for one in others]).double()
    read, true = read - read.mean(0), true - true.mean(0)
    both = (read * true).mean(0) / (read.square().mean(0) * true.square().mean(0)).sqrt().clamp_min(1e-12)
    return float(both.mean())
