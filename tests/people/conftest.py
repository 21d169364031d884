"""A made-up avatar (a ball with two lips), and the real ones where they are at hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS, Avatar
from vasa.people.scene import Stage


def ball(rings: int = 24) -> Avatar:
    """A ball of radius 0.4 that moves with the head, whose two lip vertices part under MouthOpen, over a body plate."""
    rows, columns = np.mgrid[0 : rings + 1, 0 : 2 * rings]
    down, around = rows.ravel() * np.pi / rings, columns.ravel() * np.pi / rings
    sphere = np.stack([np.sin(down) * np.sin(around), np.cos(down), np.sin(down) * np.cos(around)], axis=-1)
    lips = np.array([[0, -0.15, 0.37], [0, -0.16, 0.37]])
    plate = np.array([[-1, -2, -0.2], [1, -2, -0.2], [0, -0.6, -0.2]])
    points = np.concatenate([lips, 0.4 * sphere, plate]).astype(np.float32)
    count = len(points)
    normals = np.concatenate([np.tile([[0, 0, 1.0]], (2, 1)), sphere, np.tile([[0, 0, 1.0]], (3, 1))])
    weights = np.zeros((count, 4), np.float32)
    weights[:-3, 0] = 1
    shifts = np.zeros((len(EXPRESSIONS), 2, 3), np.float32)
    shifts[EXPRESSION_INDEX["MouthOpen"], 1, 1] = -0.1
    return Avatar(
        points=points,
        normals=normals.astype(np.float32),
        uv=np.full((count, 2), 0.5, np.float32),
        weights=weights,
        layer=np.zeros(count, np.float32),
        kind=np.zeros(count, np.float32),
        triangles=np.concatenate([2 + _ring_triangles(rings), [[count - 3, count - 2, count - 1]]]).astype(np.int32),
        shifts=shifts,
        turns=np.zeros_like(shifts),
        joints=np.array([[0, -0.5, -0.1], [0, -0.1, 0], [0.14, 0.16, 0.28], [-0.14, 0.16, 0.28]], np.float32),
        lips=np.array([0, 1]),
        textures=np.full((2, 8, 8, 3), 150, np.uint8),
    )


def _ring_triangles(rings: int) -> np.ndarray:
    found = []
    for row in range(rings):
        for column in range(2 * rings):
            a, b = row * 2 * rings + column, row * 2 * rings + (column + 1) % (2 * rings)
            found += [[a, a + 2 * rings, b], [b, a + 2 * rings, b + 2 * rings]]
    return np.array(found)


@pytest.fixture(scope="session")
def figure() -> Avatar:
    return ball()


@pytest.fixture(scope="session")
def avatars() -> Path:
    """Folder of VALID's avatars; tests that need it are skipped where it is absent."""
    beside = Path(__file__).parents[2].parent / "shared"
    folder = Path(os.environ.get("VASA_SHARED", beside)) / "data" / "people" / "valid"
    if not folder.is_dir():
        pytest.skip("VALID's avatars are not at hand; set VASA_SHARED to the folder that holds data/people/valid")
    return folder


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A stage for pictures of the test module's SIZE; skipped where nothing can draw."""
    pytest.importorskip("moderngl", reason="needs the extra people")
    try:
        made = Stage(size=request.module.SIZE)
    except ValueError as error:
        pytest.skip(str(error))
    with made:
        yield made
