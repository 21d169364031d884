"""Motion latents of a whole data set, as `vasa extract` writes them, and windows drawn from them.

FOLDER/latents.json: {"version": 1, "space": {...}, "audio_dim": A, "clips": [{"name", "split", "person", "voice"}]};
FOLDER/<name>.safetensors for each clip: pose [T, 6], dynamics [T, N], features [T, A], gaze [T, 2], distance [T, 1],
emotion [T, 8], lip_opening [T], in float16 or float32, main_gaze [2] of the clip and, where somebody acts to
direction, directed [T] bool. Its "statistics" are to be read by people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch.utils.data import IterableDataset

from vasa.motion.track import Track
from vasa.space import MotionSpace
from vasa.types import Motion

VERSION = 1
LABELS = ("features", "gaze", "distance", "emotion", "lip_opening")


@dataclass(frozen=True)
class Latents:
    """A data set of motion, in memory."""

    space: MotionSpace
    audio_dim: int
    clips: Mapping[str, Sequence[Track]]  # by split

    @classmethod
    def load(cls, folder: Path | str, *, main_gaze: bool = False) -> Latents:
        """Read a folder; raises ValueError where it is not one, or a file is missing or damaged.

        main_gaze: the gaze of every frame is the clip's main one, as published; else it is the frame's own, of which
        training takes the mean over its window.
        """
        place = Path(folder)
        listing = _listing(place)
        space = MotionSpace(**listing["space"])
        clips: dict[str, list[Track]] = {}
        for clip in listing["clips"]:
            clips.setdefault(clip["split"], []).append(_track(place / f"{clip['name']}.safetensors", space, main_gaze))
        return cls(space, listing["audio_dim"], clips)

    def split(self, name: str) -> Sequence[Track]:
        """The clips of a split; raises ValueError where there are none."""
        if not self.clips.get(name):
            raise ValueError(f"These latents have no {name!r} clips, only {sorted(self.clips)}; extract some.")
        return self.clips[name]


def head(clips: Sequence[Track], *, frames: int, count: int) -> Track:
    """The first frames of the first `count` clips as one batch [B, T, ...]; T ends with the shortest."""
    chosen = sorted(clips, key=lambda clip: -len(clip.known))[:count]
    length = min(frames, *(len(clip.known) for clip in chosen)) if len(chosen) > 1 else frames
    return Track.join([clip.map(lambda value: value[:length]) for clip in chosen], torch.stack)


class Windows:
    """Windows of `carry + window` frames, drawn anywhere, also where they hang over the ends of a clip.

    The first can begin `carry` frames before the clip, so that the network also learns how tracks start.
    """

    def __init__(self, clips: Sequence[Track], *, window: int, carry: int) -> None:
        self.length = carry + window
        self.frames = Track.join(clips, torch.cat)
        self.lengths = torch.tensor([len(clip.known) for clip in clips])
        self.offsets = self.lengths.cumsum(0) - self.lengths
        self.carry = carry
        self.places = (self.lengths - window + 1).clamp_min(1)  # where a window of this clip may begin

    def draw(self, count: int, generator: torch.Generator) -> Track:
        """A batch of windows: [count, K + W, ...]."""
        pick = torch.randint(int(self.places.sum()), (count,), generator=generator)
        clip = torch.searchsorted(self.places.cumsum(0), pick, right=True)
        first = pick - (self.places.cumsum(0) - self.places)[clip] - self.carry
        frame = rearrange(first, "b -> b 1") + torch.arange(self.length)
        length, offset = rearrange(self.lengths[clip], "b -> b 1"), rearrange(self.offsets[clip], "b -> b 1")
        inside = (frame >= 0) & (frame < length)
        index = offset + torch.minimum(frame.clamp_min(0), length - 1)
        drawn = self.frames.map(lambda value: value[index])
        return Track(**{**vars(drawn), "known": drawn.known & inside})


class WindowStream(IterableDataset[Track]):
    """An endless stream of batches; batch i depends on (seed, i) alone, so a run that resumes goes on exactly.

    first: says, when the stream is begun, which batch of its process it begins with. share: says which process of how
    many this is; step n of N processes takes batches n N to n N + N - 1, one each.
    """

    def __init__(
        self, windows: Windows, *, batch_size: int, seed: int, first: Callable[[], int] = int,
        share: Callable[[], tuple[int, int]] = lambda: (0, 1),
    ) -> None:  # fmt: skip
        self.windows, self.batch_size, self.seed, self.first, self.share = windows, batch_size, seed, first, share

    def __iter__(self) -> Iterator[Track]:
        (rank, count), step = self.share(), self.first()
        while True:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + step * count + rank)
            yield self.windows.draw(self.batch_size, generator)
            step += 1


def _listing(place: Path) -> dict[str, Any]:
    path = place / "latents.json"
    if not path.is_file():
        raise ValueError(f"{place} has no latents.json; `vasa extract` writes such a folder.")
    listing = json.loads(path.read_text())
    if listing.get("version") != VERSION:
        raise ValueError(f"{path} has version {listing.get('version')}, this vasa reads {VERSION}; extract again.")
    return listing


def _track(path: Path, space: MotionSpace, main_gaze: bool) -> Track:
    try:
        stored = {name: value.float() for name, value in load_file(path).items()}
    except (SafetensorError, FileNotFoundError) as error:
        raise ValueError(f"{path} is missing or damaged ({error}); extract again.") from error
    missing = sorted({"pose", "dynamics", *LABELS, *(["main_gaze"] if main_gaze else [])} - stored.keys())
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}; extract again.")
    motion = space.pack(
        Motion(rearrange(stored["pose"], "t p -> 1 t p"), rearrange(stored["dynamics"], "t n -> 1 t n"))
    )
    labels = {name: stored[name] for name in LABELS} | {"lip_opening": rearrange(stored["lip_opening"], "t -> t 1")}
    if main_gaze:
        labels["gaze"] = stored["main_gaze"].expand_as(labels["gaze"])
    known = torch.ones(motion.shape[1], dtype=torch.bool)
    directed = stored["directed"] > 0 if "directed" in stored else ~known
    return Track(motion=motion[0], directed=directed, known=known, **labels)
