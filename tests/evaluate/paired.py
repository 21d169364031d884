"""A made-up paired film whose pictures spell out what they show, and stand-ins that read and write that spelling."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from einops import rearrange, repeat
from torch import Tensor

from vasa.data.clip import VERSION, packed
from vasa.data.shards import append
from vasa.face.reading import FaceReading
from vasa.space import MotionSpace
from vasa.types import Motion, Portrait

PEOPLE, MOTIONS, LENGTH, SIZE, BLOCK = 3, 2, 14, 32, 8
ANGLES = [[yaw, pitch, 0.0] for pitch in (-0.2, 0.2) for yaw in (-0.4, 0.0, 0.4)]
FACES = ["SIL", "AA", "blink", "happiness"]
WORDS = ("yaw", "pitch", "lips", "blink", "other", "who")  # each the brightness of one block of a picture
RANGES = torch.tensor([[-0.6, 0.6], [-0.6, 0.6], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])


def spelled(words: Tensor) -> Tensor:
    """[N, 6] -> pictures [N, 3, SIZE, SIZE]: a row of blocks, as wide as a JPEG's, above another."""
    low, high = RANGES.to(words).unbind(-1)
    cells = torch.nn.functional.pad((words - low) / (high - low), (0, (SIZE // BLOCK) ** 2 - len(WORDS)), value=0.5)
    return repeat(cells, "n (i j) -> n c (i h) (j w)", c=3, i=SIZE // BLOCK, h=BLOCK, w=BLOCK)


def read_words(pictures: Tensor) -> Tensor:
    """[N, 3, SIZE, SIZE] -> [N, 6], the inverse."""
    low, high = RANGES.to(pictures).unbind(-1)
    blocks = rearrange(pictures, "n c (i h) (j w) -> n (i j) (c h w)", h=BLOCK, w=BLOCK)
    return low + (high - low) * blocks.mean(-1)[:, : len(WORDS)]


class Spelling:
    """A renderer that keeps everything apart, or `leaks` the words of that name into its dynamics."""

    image_size = SIZE

    def __init__(self, *leaks: str) -> None:
        self.told = [WORDS.index(word) for word in ("lips", "blink", "other", *leaks)]
        self.space = MotionSpace.plain(len(self.told))

    def encode(self, image: Tensor) -> Portrait:
        return Portrait(image[:, :, None], read_words(image)[:, 5:], self.motion_of(image[:, None]), image)

    def motion_of(self, image: Tensor) -> Motion:
        words = rearrange(read_words(rearrange(image, "b t c h w -> (b t) c h w")), "(b t) k -> b t k", b=len(image))
        return Motion(torch.nn.functional.pad(words[..., :2], (0, 4)), words[..., self.told])

    def render(self, portrait: Portrait, motion: Motion) -> Tensor:
        who = repeat(portrait.identity, "b 1 -> b t 1", t=motion.length)
        words = torch.cat([motion.pose[..., :2], motion.dynamics[..., :3], who], dim=-1)
        return rearrange(spelled(rearrange(words, "b t k -> (b t) k")), "(b t) c h w -> b t c h w", b=len(who))


class SpellingReader:
    """Reads pictures as a face reader would."""

    def read(self, frames: Tensor) -> FaceReading:
        words, rows = read_words(frames), len(frames)
        who = torch.nn.functional.one_hot((words[:, 5] * (PEOPLE - 1)).round().long(), PEOPLE).float()
        nothing = torch.zeros(rows, 68)
        return FaceReading(
            landmarks=repeat(nothing, "n k -> n k 2"), confidence=nothing, gaze=nothing[:, :2], emotion=nothing[:, :8],
            pose=torch.nn.functional.pad(words[:, :2], (0, 4)), blink=repeat(words[:, 3], "n -> n 2"),
            lip_opening=words[:, 2], arkit=nothing[:, :52], identity=who, face=torch.ones(rows),
        )  # fmt: skip


@dataclass(frozen=True)
class _Line:
    """One clip: who, which motion (None: the grid), what it spells [N, 6]."""

    person: int
    motion: int | None
    words: Tensor


def make_paired_film(folder: Path) -> Path:
    """A film folder as `vasa people film --paired` writes it."""
    append(folder / "shards" / "000000.tar", [_packed(n, line) for n, line in enumerate(_lines())])
    film = {"version": VERSION, "size": SIZE, "fps": 25, "seed": 0, "people": PEOPLE, "numbers": 16 * PEOPLE}
    film |= {"clips": PEOPLE * (1 + MOTIONS), "expression_names": ["a"], "paired": {"angles": ANGLES, "faces": FACES}}
    (folder / "film.json").write_text(json.dumps(film))
    return folder


def _lines() -> Iterator[_Line]:
    random = torch.Generator().manual_seed(0)
    angles = repeat(torch.tensor(ANGLES)[:, :2], "a k -> (a f) k", f=len(FACES))
    faces = repeat(torch.rand(len(FACES), 3, generator=random), "f k -> (a f) k", a=len(ANGLES))
    grid = torch.cat([angles, faces], dim=1)
    acted = [torch.rand(LENGTH, 5, generator=random) * torch.tensor([0.8, 0.8, 1, 1, 1]) for _ in range(MOTIONS)]
    shift = torch.tensor([0.4, 0.4, 0, 0, 0])
    for motion, words in ((None, grid), *((n, one - shift) for n, one in enumerate(acted))):
        for person in range(PEOPLE):
            who = torch.full((len(words), 1), person / (PEOPLE - 1))
            yield _Line(person, motion, torch.cat([words, who], dim=1))


def _packed(number: int, line: _Line) -> bytes:
    words, count = line.words, len(line.words)
    pictures = (255 * rearrange(spelled(words), "n c h w -> n h w c")).round().byte().numpy()
    places = np.full((count, 5, SIZE // 4, SIZE // 4), 2, np.uint8)
    labels = {
        "pose": torch.nn.functional.pad(words[:, :2], (0, 4)).numpy(),
        "lip_opening": words[:, 2].numpy(),
        "blink": repeat(words[:, 3], "n -> n 2").numpy(),
    }
    facts = {"person": 16 * line.person + 15, "motion": line.motion, "split": "test"}
    return packed(
        f"{number:06d}", facts=facts, labels=labels, samples=np.zeros(640 * count, np.float32), frames=pictures,
        places=places, parts=np.zeros((count, SIZE // 2, SIZE // 2), np.uint8),
    )  # fmt: skip
