"""Clips of a film on disk: what is read is only what is asked for.

FILM/film.json says what the film is, FILM/shards/*.tar hold its clips (see `vasa.data.shards`). The members of clip
000017 are 000017.json (facts), 000017.labels.npz, 000017.speech.flac, and for each frame 000017.NNNN.jpg,
000017.NNNN.place.png and 000017.NNNN.parts.png (see `vasa.data.coding`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from vasa.data.coding import (
    label_bytes,
    labels_of,
    map_bytes,
    map_of,
    picture_bytes,
    picture_of,
    sound_bytes,
    sound_of,
)
from vasa.data.shards import Sample, numbered, pack, samples

VERSION = 3  # 3: shards
FACTS, LABELS, SPEECH, FRAMES, PLACES, PARTS = "json", "labels.npz", "speech.flac", "jpg", "place.png", "parts.png"
_PLACE_CHANNELS = 5


class Clip:
    """One clip of a film; its labels are in memory, its frames are not."""

    def __init__(self, sample: Sample) -> None:
        self.sample, self.name = sample, sample.key
        self.facts: dict[str, Any] = json.loads(sample.read(FACTS)[0])
        self._labels: dict[str, Tensor] | None = None

    def __len__(self) -> int:
        return len(self.sample.tracks[FRAMES])

    @property
    def split(self) -> str:
        return str(self.facts["split"])

    @property
    def labels(self) -> dict[str, Tensor]:
        """Each [T, ...]."""
        if self._labels is None:
            stored = labels_of(self.sample.read(LABELS)[0])
            self._labels = {name: torch.from_numpy(values) for name, values in stored.items()}
        return self._labels

    def frames(self, index: np.ndarray | slice) -> Tensor:
        """[n, 3, H, W], uint8."""
        pictures = np.stack([picture_of(data) for data in self.sample.read(FRAMES, index)])
        return rearrange(torch.from_numpy(pictures), "n h w c -> n c h w")

    def place(self, index: np.ndarray | slice) -> Tensor:
        """[n, 5, h, w], uint8: canonical x, y, z and posed depth as round((v + 1) * 127.5), then the part.

        Raises ValueError for a clip of a film that was watched, not made.
        """
        self._check_maps()
        return _maps(self.sample.read(PLACES, index), _PLACE_CHANNELS)

    def _check_maps(self) -> None:
        if PLACES not in self.sample.tracks:
            raise ValueError(
                f"Clip {self.name} is of a real video and has no maps of places, which this needs; name a film of "
                "virtual people (`vasa people film`)."
            )

    def parts(self, index: np.ndarray | slice) -> Tensor:
        """[n, H/2, W/2], uint8: indices into `part_names` of film.json; clothes with body is what `place` calls 1.

        The part in `place` stays what it is: 0 background, 1 body, 2 head, which here is divided further.
        """
        self._check_maps()
        return rearrange(_maps(self.sample.read(PARTS, index), 1), "n 1 h w -> n h w")

    def speech(self) -> Tensor:
        """The clip's sound: [S] in [-1, 1]."""
        return torch.from_numpy(sound_of(self.sample.read(SPEECH)[0]))


def packed(
    name: str, *, facts: Mapping[str, object], labels: Mapping[str, np.ndarray], samples: np.ndarray,
    frames: np.ndarray, places: np.ndarray | None = None, parts: np.ndarray | None = None,
) -> bytes:  # fmt: skip
    """A clip as a piece of a shard: frames [T, H, W, 3], places [T, 5, h, w], parts [T, H/2, W/2], all uint8; people
    that are not virtual have no maps."""
    members = {FACTS: json.dumps(facts).encode(), LABELS: label_bytes(labels), SPEECH: sound_bytes(samples)}
    members |= numbered(FRAMES, map(picture_bytes, frames))
    if places is not None:
        members |= numbered(PLACES, map(map_bytes, places))
    if parts is not None:
        members |= numbered(PARTS, map(map_bytes, rearrange(parts, "t h w -> t 1 h w")))
    return pack(name, members)


def facts_of(film: Path) -> dict[str, Any]:
    """What film.json says; raises ValueError where there is none, or one that another vasa wrote."""
    path = film / "film.json"
    if not path.is_file():
        raise ValueError(f"{film} holds no film: there is no film.json. Make one with `vasa people film -o {film}`.")
    facts: dict[str, Any] = json.loads(path.read_text())
    if facts.get("version") != VERSION:
        raise ValueError(
            f"{film} holds a film of version {facts.get('version')}, this vasa reads version {VERSION}: film it again."
        )
    return facts


def clips_in(film: Path) -> list[Clip]:
    """All clips of a film that are filmed so far; raises ValueError where the folder holds no film."""
    facts_of(film)
    return [Clip(sample) for sample in samples(film / "shards")]


def _maps(members: list[bytes], channels: int) -> Tensor:
    return torch.from_numpy(np.stack([map_of(data, channels) for data in members]))
