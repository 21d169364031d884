"""A head of known shape, pose and texture, photographed, and fitted to its picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from vasa.people.avatar import EXPRESSIONS, Avatar, load_avatar
from vasa.people.fitting.faces import Face
from vasa.people.fitting.make import Fitted, Fitter
from vasa.people.fitting.shapes import AvatarShapes
from vasa.people.fitting.studio import studio
from vasa.people.landmarks import landmarks
from vasa.people.person import avatar_files
from vasa.people.rig import place
from vasa.people.scene import Stage

SHAPE, HEAD, DISTANCE = np.array([0.8, -0.6]), np.array([0.15, -0.08, 0.05]), 7.0
SKIN = np.array([0.9, 0.7, 0.6])  # gain on the texture that the fitter does not know


@dataclass(frozen=True)
class Known:
    """Who was photographed, and the face in the picture."""

    avatar: Avatar
    face: Face


@pytest.fixture(scope="session")
def three(avatars: Path) -> list[Avatar]:
    return [load_avatar(path) for path in avatar_files(avatars)[19:22]]


@pytest.fixture(scope="session")
def small(three: list[Avatar]) -> list[Avatar]:
    """The same with textures of 256 texels a side."""
    return [replace(avatar, textures=np.ascontiguousarray(avatar.textures[:, ::4, ::4])) for avatar in three]


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    pytest.importorskip("moderngl", reason="needs the extra people")
    with Stage(size=192) as made:
        yield made


@pytest.fixture(scope="session")
def known(small: list[Avatar], stage: Stage) -> Known:
    avatar = AvatarShapes(small).apply(small[0], SHAPE)
    textures = avatar.textures.copy()
    textures[0] = np.round(textures[0] * SKIN)
    avatar = replace(avatar, textures=textures)
    parts = place(
        avatar, head=HEAD[None], body=0.4 * HEAD[None], shift=np.zeros((1, 2)), log_scale=np.zeros(1),
        look=np.zeros((1, 2)),
    ).parts  # fmt: skip
    still = np.zeros((1, len(EXPRESSIONS)))
    picture = stage.film(avatar, studio(DISTANCE), expression=still, parts=parts).frames[0]
    points = landmarks(avatar, expression=still, parts=parts, distance=DISTANCE)[0][0, :, :2].astype(float)
    face = Face(
        square=picture / 255.0, points=points, confidence=np.ones(68), pose=np.zeros(6), gaze=np.zeros(2),
        blink=np.zeros(2), identity=np.zeros(4),
    )  # fmt: skip
    return Known(avatar, face)


@pytest.fixture(scope="session")
def fitted(small: list[Avatar], stage: Stage, known: Known) -> Fitted:
    return Fitter(small, [1, -1, 1], stage=stage, lenders=[0])(known.face)
