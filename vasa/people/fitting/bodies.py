"""Which avatar lends its hair, ears and build: the one whose outline explains the picture best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from vasa.people.avatar import Avatar
from vasa.people.colours import face_colour
from vasa.people.fitting.faces import Face
from vasa.people.fitting.raster import cover
from vasa.people.fitting.seen import pose_vertices
from vasa.people.fitting.solve import Fit, project
from vasa.people.regions import crown_colour

_SIDE = 48  # pixels of the picture that outlines are compared in
BACKGROUND, SKIN, HAIR, CLOTHES = 0, 3, 4, 5  # 0 to 2: left, middle and right of the background
# What is worth a share of the picture's variance: a standard deviation of shape, squared; a doubling of brightness;
# and the sex that the shape of the face leans to, if only a little.
_SHAPE, _TONE, _SEX, _RIDGE = 0.01, 0.06, 0.2, 5.0
_CUT = 0.5  # what it is worth that hair is where the picture has it
_MOST = 0.8  # of the avatars have hair where all hair is


@dataclass(frozen=True)
class Chosen:
    """An avatar's number, and what the picture shows where it has hair and skin."""

    number: int
    hair: np.ndarray  # [3] linear colour


def choose(avatars: Sequence[Avatar], shapes: np.ndarray, sexes: np.ndarray, fit: Fit, face: Face) -> Chosen:
    """The best of some avatars, of shapes [N, K] and sexes [N] (1 or -1), for a face."""
    small = (
        np.asarray(
            Image.fromarray((face.square * 255).astype(np.uint8)).resize((_SIDE, _SIDE), Image.Resampling.BOX),
            np.float64,
        )
        / 255
    )
    maps = [outline(avatar, fit, face) for avatar in avatars]
    seen = hair_seen(small, maps)
    skin = np.median(small[maps[0] == SKIN], axis=0).mean()
    leaning = float(fit.shape @ np.linalg.solve(shapes.T @ shapes + _RIDGE * np.eye(shapes.shape[1]), shapes.T @ sexes))
    costs = [
        _spread(small, areas)
        + _CUT * seen.missed(areas)
        + _SHAPE * ((own - fit.shape) ** 2).mean()
        - _SEX * sex * np.clip(leaning, -0.3, 0.3)
        + _TONE * abs(np.log2(face_colour(avatar).mean() / 255 / skin))
        for areas, avatar, own, sex in zip(maps, avatars, shapes, sexes, strict=True)
    ]
    best = int(np.argmin(costs))
    hair = maps[best] == HAIR
    sure = hair & seen.hair
    return Chosen(best, np.median(small[sure if sure.any() else hair], axis=0) ** 2)


@dataclass(frozen=True)
class HairSeen:
    """Where the picture has the colour of hair, and where avatars differ about it: two [48, 48] bool."""

    hair: np.ndarray
    differ: np.ndarray

    def missed(self, areas: np.ndarray) -> float:
        """In how much of what avatars differ about one has no hair where there is some, or the other way around."""
        wrong = (areas == HAIR) != self.hair
        return float(wrong[self.differ].mean()) if self.differ.any() else 0.0


def hair_seen(picture: np.ndarray, maps: Sequence[np.ndarray]) -> HairSeen:
    """Tell hair by colour from skin and background, each as the picture has it where avatars agree on what is there.

    Without this a long wig explains a plain background as well as no wig does.
    """
    every = np.stack(maps)
    share, agreed = (every == HAIR).mean(0), (every == every[0]).all(0)
    crown = share > _MOST
    others = [agreed & (every[0] == area) for area in (0, 1, 2, SKIN)]
    if not crown.any():
        return HairSeen(crown, crown)
    colours = [np.median(picture[where], axis=0) for where in (crown, *others) if where.any()]
    nearest = np.argmin([np.square(picture - colour).sum(-1) for colour in colours], axis=0)
    return HairSeen(nearest == 0, (share > 0) & (share < 1) & ~(every == CLOTHES).any(0))


def _spread(picture: np.ndarray, areas: np.ndarray) -> float:
    """What is left of a picture's variance when each area has one colour (T. Chan and L. Vese, 2001)."""
    left = sum(((picture[areas == a] - picture[areas == a].mean(0)) ** 2).sum() for a in np.unique(areas))
    return float(left / ((picture - picture.mean((0, 1))) ** 2).sum())


def outline(avatar: Avatar, fit: Fit, face: Face) -> np.ndarray:
    """What is where when an avatar stands as fitted: [48, 48] of the numbers above."""
    points, _ = pose_vertices(avatar, fit.expression, fit.placed(avatar, face.gaze))
    pixels = (project(points, fit.distance) + 1) / 2 * _SIDE
    covered = cover(pixels, avatar.triangles, points[:, 2], size=_SIDE)
    areas = np.broadcast_to(np.arange(_SIDE) * 3 // _SIDE, (_SIDE, _SIDE)).copy()
    areas[covered.hit] = _labels(avatar)[avatar.triangles[covered.triangle[covered.hit], 0]]
    return areas


def _labels(avatar: Avatar) -> np.ndarray:
    """Skin, hair or clothes for every vertex [V]."""
    height, width = avatar.textures.shape[1:3]
    column, row = (avatar.uv % 1 * [width - 1, height - 1]).astype(int).T
    colour = avatar.textures[0, row, column].astype(np.float64)
    crown, skin = crown_colour(avatar), face_colour(avatar)
    scalp = (avatar.points[:, 1] > 0.36) | (avatar.points[:, 2] < 0.2)
    painted = scalp & (np.linalg.norm(colour - crown, axis=1) < np.linalg.norm(colour - skin, axis=1))
    bare = np.linalg.norm(colour / colour.sum(1, keepdims=True).clip(1) - skin / skin.sum(), axis=1) < 0.08
    labels = np.where((avatar.weights[:, 0] > 0.5) | bare, SKIN, CLOTHES)
    labels[painted & (avatar.weights[:, 0] > 0.3)] = HAIR
    labels[(avatar.layer == 1) | (avatar.kind == 4)] = HAIR
    return labels
