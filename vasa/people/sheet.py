"""Contact sheets: people as pictures, to look at before they are filmed for hours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from einops import rearrange
from PIL import Image

from vasa.data.clip import clips_in
from vasa.people.actor import Look
from vasa.people.avatar import Avatar
from vasa.people.body import embody
from vasa.people.emotions import FACES
from vasa.people.looks import look
from vasa.people.person import avatar_files, person
from vasa.people.rig import place
from vasa.people.scene import Stage
from vasa.people.visemes import VISEMES, shape

_TURNS = np.deg2rad(
    [[0, 0, 0], [30, 0, 0], [-30, 0, 0], [0, 18, 0], [0, -18, 0], [0, 0, 15], [20, 10, 0], [-20, -10, 5]]
)  # yaw, pitch, roll
_SOUNDS = ("SIL", "M", "F", "AA", "AO", "UW", "IY", "S")


def person_sheet(
    number: int, avatars: Path, *, seed: int, size: int, cache: Path | None, shapes: Path | None = None
) -> Image.Image:
    """One person: a row of poses, a row of mouth shapes, a row of emotions."""
    who = person(number, avatar_files(avatars), seed=seed)
    avatar = embody(who, cache=cache, shapes=shapes)
    scene = look(np.random.default_rng((seed, 3, number)))
    none = np.zeros((8, FACES.shape[1]))
    turns = [_TURNS, np.zeros((8, 3)), np.zeros((8, 3))]
    faces = [none, np.stack([shape(VISEMES[sound][0]) for sound in _SOUNDS]), FACES]
    with Stage(size=size) as stage:
        rows = [stills(stage, avatar, scene, turns=t, expression=e) for t, e in zip(turns, faces, strict=True)]
    return grid(np.stack(rows))


def crowd_sheet(
    people: int, avatars: Path, *, seed: int, size: int, cache: Path | None, shapes: Path | None = None
) -> Image.Image:
    """Many people, eight in a row, each in a pose of their own."""
    files = avatar_files(avatars)
    pictures = []
    with Stage(size=size) as stage:
        for number in range(people):
            who = person(number, files, seed=seed)
            scene = look(np.random.default_rng((seed, 3, number)))
            turn = 0.5 * _TURNS[number % 8][None]
            nothing = np.zeros((1, FACES.shape[1]))
            avatar = embody(who, cache=cache, shapes=shapes)
            pictures.append(stills(stage, avatar, scene, turns=turn, expression=nothing)[0])
    return _in_rows(pictures)


def film_sheet(film: Path, *, clips: int = 32) -> Image.Image:
    """One frame of each of so many clips of a film, eight in a row, spread over film and clips."""
    made = clips_in(film)
    chosen = [made[i] for i in np.unique(np.linspace(0, len(made) - 1, min(clips, len(made))).round().astype(int))]
    pictures = []
    for number, clip in enumerate(chosen):
        frame = clip.frames(np.array([(2 * number + 1) * len(clip) // (2 * len(chosen))]))[0]
        pictures.append(rearrange(frame.numpy(), "c h w -> h w c"))
    return _in_rows(pictures)


def _in_rows(pictures: list[np.ndarray]) -> Image.Image:
    """Eight pictures in a row; the last row is filled up with black."""
    while len(pictures) % 8:
        pictures.append(np.zeros_like(pictures[0]))
    return grid(rearrange(np.stack(pictures), "(r n) h w c -> r n h w c", n=8))


def stills(stage: Stage, avatar: Avatar, scene: Look, *, turns: np.ndarray, expression: np.ndarray) -> np.ndarray:
    """Pictures [N, H, W, 3] of head angles [N, 3] and expressions [N, E], looking into the camera."""
    count = len(turns)
    posed = place(
        avatar, head=turns, body=np.zeros((count, 3)), shift=np.zeros((count, 2)), log_scale=np.full(count, 0.1),
        look=np.zeros((count, 2)),
    )  # fmt: skip
    return stage.film(avatar, scene, expression=expression, parts=posed.parts).frames


def grid(pictures: np.ndarray) -> Image.Image:
    """[R, N, H, W, 3] -> one picture of R rows."""
    return Image.fromarray(rearrange(pictures, "r n h w c -> (r h) (n w) c"))
