"""Tracks of faces with their sound, as judges of agreement learn from: whole clips, and windows drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import IterableDataset

from vasa.clock import CLOCK
from vasa.data.film import clips_of_all, named, talking
from vasa.face.points import INNER_MOUTH, MOUTH, OUTER_CORNERS

Follow = Callable[[dict[str, Tensor]], Tensor]  # labels of a clip -> its track [T, C]


@dataclass(frozen=True)
class Talk:
    """One clip: track [T, C] and samples [S], at least T frames of them."""

    track: Tensor
    samples: Tensor


def head(labels: dict[str, Tensor]) -> Tensor:
    """Yaw, pitch, roll [T, 3] in radians."""
    return labels["pose"][:, :3].float()


def mouth(labels: dict[str, Tensor]) -> Tensor:
    """The shape of the lips [T, 40]: their 20 points about their middle, upright, in distances of the eyes.

    labels: `landmarks` [T, 68, 2 or more], as films have them and face readers read them. Raises ValueError without.
    """
    if "landmarks" not in labels:
        raise ValueError("A mouth's track is made of 68 landmarks; film again, or read them with a face reader.")
    points = labels["landmarks"][..., :2].float()
    across = points[:, OUTER_CORNERS[1]] - points[:, OUTER_CORNERS[0]]
    unit = across / across.square().sum(-1, keepdim=True).clamp_min(1e-8)
    lips = torch.cat([points[:, MOUTH], points[:, INNER_MOUTH]], dim=1)
    lips = lips - lips.mean(1, keepdim=True)
    turn = torch.stack([unit, torch.stack([-unit[:, 1], unit[:, 0]], dim=-1)], dim=-2)
    return rearrange(torch.einsum("tij,tpj->tpi", turn, lips), "t p xy -> t (p xy)")


def talks_of(folder: str | Sequence[str], split: str, follow: Follow, *, frames: int) -> list[Talk]:
    """The clips of a split that are long enough, of one film or several; raises ValueError where there are none."""
    found = [Talk(follow(clip.labels), clip.speech()) for clip in talking(clips_of_all(named(folder), split))]
    long = [_fitted(talk) for talk in found if len(talk.track) > frames]
    if not long:
        raise ValueError(f"The film in {folder} has no {split!r} clip of more than {frames} frames; film longer ones.")
    return long


def _fitted(talk: Talk) -> Talk:
    missing = CLOCK.samples(len(talk.track)) - len(talk.samples)
    return Talk(talk.track, F.pad(talk.samples, (0, max(missing, 0))))


class TalkWindows(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless batches of windows, track [B, T, C] and samples [B, S]; batch n depends on (seed, n) alone.

    Of each of `clips` clips there are up to `each` windows, at least `apart` frames from each other: what tells them
    apart is then their time, not their voice or person. Overlapping ones are the hard pairs.
    """

    def __init__(
        self, talks: Sequence[Talk], *, frames: int, clips: int, each: int, apart: int, seed: int,
        first: Callable[[], int] = int,
    ) -> None:  # fmt: skip
        self.talks, self.frames, self.clips, self.each, self.apart = talks, frames, clips, each, apart
        self.seed, self.first = seed, first

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        number = self.first()
        while True:
            yield self.batch(number)
            number += 1

    def batch(self, number: int) -> tuple[Tensor, Tensor]:
        """Batch n."""
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        chosen = torch.randperm(len(self.talks), generator=random)[: self.clips].tolist()
        places = [(self.talks[index], start) for index in chosen for start in self._starts(index, random)]
        tracks = [talk.track[start : start + self.frames] for talk, start in places]
        sound = [talk.samples[CLOCK.samples(start) : CLOCK.samples(start + self.frames)] for talk, start in places]
        return torch.stack(tracks), torch.stack(sound)

    def _starts(self, index: int, random: torch.Generator) -> list[int]:
        room = len(self.talks[index].track) - self.frames + 1
        grid = torch.arange(int(torch.randint(min(self.apart, room), (), generator=random)), room, self.apart)
        return grid[torch.randperm(len(grid), generator=random)[: self.each]].tolist()
