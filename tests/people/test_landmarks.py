"""Landmarks lie where 300-W puts them, move with the face, and are seen where nothing hides them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from einops import rearrange, repeat

from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS, Avatar, load_avatar
from vasa.people.landmarks import COUNT, Anchors, _on_face, _shares, anchors, landmarks, places, visible
from vasa.people.person import avatar_files
from vasa.people.rig import place
from vasa.people.visemes import VISEMES, shape

MIRROR = [*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1), 45, 44, 43, 42, 47, 46]
MIRROR += [39, 38, 37, 36, 41, 40, *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), 67, 66, 65]


def flat(figure: Avatar) -> Avatar:
    """A square sheet that shows its whole texture: u to the subject's left, v down, before the head."""
    points = np.array([[-0.5, 0.5, 0.4], [0.5, 0.5, 0.4], [-0.5, -0.5, 0.4], [0.5, -0.5, 0.4]], np.float32)
    still = np.zeros((len(EXPRESSIONS), 1, 3), np.float32)
    return dataclasses.replace(
        figure,
        points=points,
        normals=np.tile([[0, 0, 1]], (4, 1)).astype(np.float32),
        uv=np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32),
        weights=np.tile([[1, 0, 0, 0]], (4, 1)).astype(np.float32),
        layer=np.zeros(4, np.float32),
        kind=np.zeros(4, np.float32),
        triangles=np.array([[0, 1, 2], [1, 3, 2]], np.int32),
        shifts=still,
        turns=still,
    )


def crumpled(figure: Avatar, side: int) -> Avatar:
    """The sheet as a grid of vertices whose texture coordinates are shaken; some more triangles have no size."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, side)] * 2), axis=-1)
    uv = rearrange(grid + rng.uniform(-0.2, 0.2, grid.shape) / side, "v u c -> (v u) c")
    corner = rearrange(np.arange(side * side), "(v u) -> v u", u=side)
    halves = [[corner[:-1, :-1], corner[:-1, 1:], corner[1:, :-1]], [corner[1:, :-1], corner[:-1, 1:], corner[1:, 1:]]]
    triangles = rearrange(np.array(halves), "half k v u -> (half v u) k")
    triangles = np.concatenate([triangles, triangles[::7, [0, 0, 1]]])
    count = len(uv)
    return dataclasses.replace(
        flat(figure),
        points=np.c_[uv[:, 0] - 0.5, 0.5 - uv[:, 1], np.full(count, 0.4)].astype(np.float32),
        normals=np.tile([[0, 0, 1]], (count, 1)).astype(np.float32),
        uv=uv.astype(np.float32),
        weights=np.tile([[1, 0, 0, 0]], (count, 1)).astype(np.float32),
        layer=np.zeros(count, np.float32),
        kind=np.zeros(count, np.float32),
        triangles=rng.permutation(triangles).astype(np.int32),
    )


def searched(avatar: Avatar) -> Anchors:
    """Every landmark tried in every triangle."""
    triangles = avatar.triangles[_on_face(avatar)[avatar.triangles].all(1)]
    corners = avatar.uv[triangles].astype(np.float64)
    pairs = repeat(places(), "l c -> (l f) c", f=len(corners)), repeat(corners, "f k c -> (l f) k c", l=COUNT)
    shares = rearrange(_shares(*pairs), "(l f) k -> l f k", l=COUNT)
    best = shares.min(-1).argmax(1)
    return Anchors(triangles[best], shares[np.arange(COUNT), best])


@pytest.fixture(scope="module")
def valid(avatars: Path, tmp_path_factory: pytest.TempPathFactory) -> Avatar:
    return load_avatar(avatar_files(avatars)[0], texture_px=64, cache=tmp_path_factory.mktemp("cache"))


def pose(avatar: Avatar, turns: list[list[float]]) -> np.ndarray:
    count = len(turns)
    head, nothing = np.deg2rad(np.array(turns)), np.zeros((count, 3))
    placed = place(
        avatar, head=head, body=nothing, shift=nothing[:, :2], log_scale=np.zeros(count), look=nothing[:, :2]
    )
    return placed.parts


def seen(avatar: Avatar, turns: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    still = np.zeros((len(turns), len(EXPRESSIONS)))
    return landmarks(avatar, expression=still, parts=pose(avatar, turns), distance=4)


def test_places_are_symmetric() -> None:
    found = places()
    assert found.shape == (COUNT, 2)
    mirrored = found[MIRROR]
    np.testing.assert_allclose(found[:, 0] + mirrored[:, 0], 0.6516, atol=2e-4)
    np.testing.assert_allclose(found[:, 1], mirrored[:, 1], atol=2e-4)


def test_landmarks_of_a_sheet_lie_at_their_texture_coordinates(figure: Avatar) -> None:
    sheet = flat(figure)
    found, cosine = seen(sheet, [[0, 0, 0]])
    np.testing.assert_allclose(found[0, :, :2], (places() - 0.5) * 4 / 3.6, atol=1e-6)
    np.testing.assert_allclose(found[0, :, 2], 0.4, atol=1e-6)
    assert cosine.min() > 0.97


def test_a_head_that_faces_away_shows_none_and_a_wall_hides_those_behind_it(figure: Avatar) -> None:
    sheet = flat(figure)
    found, cosine = seen(sheet, [[0, 0, 0], [180, 0, 0]])
    map_ = np.zeros((2, 5, 16, 16), np.uint8)
    map_[:, 3], map_[:, 4] = round((0.4 + 1) * 127.5), 2
    assert visible(found, cosine, map_).all(1).tolist() == [True, False]
    assert not visible(found, cosine, map_)[1].any()
    map_[:, 3, :, :8] = round((0.6 + 1) * 127.5)
    left = found[0, :, 0] < -0.1
    assert left.any()
    np.testing.assert_array_equal(visible(found, cosine, map_)[0, left], False)
    assert visible(found, cosine, map_)[0, found[0, :, 0] > 0.1].all()
    assert not visible(found + np.array([3, 0, 0], np.float32), cosine, map_).any()


def test_another_texture_layout_is_refused(figure: Avatar) -> None:
    sheet = flat(figure)
    with pytest.raises(ValueError, match="laid out unlike"):
        anchors(dataclasses.replace(sheet, uv=sheet.uv * 0.2))
    with pytest.raises(ValueError, match="no skin"):
        anchors(dataclasses.replace(sheet, kind=np.ones(4, np.float32)))


def test_triangles_left_out_of_the_search_change_nothing(figure: Avatar) -> None:
    for side in (12, 60):
        _assert_equal(crumpled(figure, side))


def test_triangles_left_out_of_the_search_change_nothing_of_a_real_avatar(valid: Avatar) -> None:
    _assert_equal(valid)


def _assert_equal(avatar: Avatar) -> None:
    found, wanted = anchors(avatar), searched(avatar)
    np.testing.assert_array_equal(found.vertices, wanted.vertices)
    np.testing.assert_array_equal(found.shares, wanted.shares)


def test_lids_and_lips_of_a_real_avatar_open_and_close(valid: Avatar) -> None:
    faces = np.stack([shape({"MPB_Up": 0.6, "MPB_Down": 0.6}), shape(VISEMES["AA"][0]), np.zeros(len(EXPRESSIONS))])
    faces[2, [EXPRESSION_INDEX["LeyeClose"], EXPRESSION_INDEX["ReyeClose"]]] = 1
    found, _ = landmarks(valid, expression=faces, parts=pose(valid, [[0, 0, 0]] * 3), distance=6)
    between = np.linalg.norm(found[0, 36, :2] - found[0, 45, :2])
    lips = (found[:, 65:68, 1] - found[:, [63, 62, 61], 1]) / between
    lids = (found[:, [41, 40, 47, 46], 1] - found[:, [37, 38, 43, 44], 1]) / between
    assert np.abs(lips[0]).max() < 0.02
    assert lips[1].min() > 0.15
    assert lids[0].min() > 0.06
    assert np.abs(lids[2]).max() < 0.025
    order = found[0, :, 0]
    assert np.all(np.diff(order[:17]) > 0)  # the jaw runs from the subject's right to the left
    assert order[36:42].max() < order[27] < order[42:48].min()
    assert found[0, 8, 1] > found[0, 57, 1] > found[0, 33, 1] > found[0, 27, 1]
