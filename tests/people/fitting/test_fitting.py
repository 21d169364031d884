"""Fitting: known answers for the parts, and a known head found again."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS, Avatar, load_avatar
from vasa.people.fitting import light
from vasa.people.fitting.casting import fitted_files, fitted_person, shown_people
from vasa.people.fitting.faces import Face
from vasa.people.fitting.polygon import inside
from vasa.people.fitting.raster import cover
from vasa.people.fitting.shapes import AvatarShapes, blend, hang
from vasa.people.fitting.solve import fit_pose, project
from vasa.people.fitting.tone import toned
from vasa.people.landmarks import landmarks
from vasa.people.person import avatars_of, person
from vasa.people.rig import place

BODIES = tuple(Path(f"{group}_{sex}_{n}.glb") for group in "abcdef" for sex in "FM" for n in range(3))


def test_a_rasterised_square_is_covered_once_and_interpolates_exactly() -> None:
    corners = np.array([[2.0, 2], [14, 2], [14, 14], [2, 14]])
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    covered = cover(corners, triangles, np.zeros(4), size=16)
    assert covered.hit.sum() == 144
    places = covered.interpolate(corners, triangles)
    row, column = np.nonzero(covered.hit)
    np.testing.assert_allclose(places, np.stack([column, row], axis=1) + 0.5)


def test_what_is_nearer_hides_what_is_behind() -> None:
    corners = np.array([[0.0, 0], [8, 0], [0, 8], [0, 0], [8, 0], [0, 8]])
    triangles = np.array([[0, 1, 2], [3, 4, 5]])
    covered = cover(corners, triangles, np.array([1.0, 1, 1, 0, 0, 0]), size=8)
    assert set(np.unique(covered.triangle)) == {-1, 0}


def test_points_in_a_polygon_with_a_bay() -> None:
    corners = np.array([[0.0, 0], [4, 0], [4, 4], [2, 1], [0, 4]])
    points = np.array([[0.5, 0.5], [3.5, 2], [2, 2], [5, 1], [2, 0.5], [-1, 1]])
    np.testing.assert_array_equal(inside(points, corners), [True, True, False, False, True, False])


def test_light_is_found_and_divided_out() -> None:
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(4000, 3)) * [1, 1, 0.5] + [0, 0, 1]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    lamp = 1 + 0.4 * normals[:, 0]
    found = light.estimate(0.2 * lamp, normals, np.ones(4000))
    seen = light.harmonics(normals) @ found
    assert np.corrcoef(seen, lamp)[0, 1] > 0.99
    even = light.unlit(np.repeat(0.2 * lamp[:, None], 3, axis=1), normals, found)
    assert even.std() / even.mean() < 0.45 * lamp.std() / lamp.mean()


def test_a_tone_known_in_one_half_is_carried_to_the_other() -> None:
    source = np.full((128, 128, 3), 0.4)
    known = np.zeros((128, 128))
    known[:, :64] = 1
    result = toned(source, source * [0.5, 1.0, 1.5], known)
    np.testing.assert_allclose(result, source * [0.5, 1.0, 1.5], rtol=1e-3)


def test_mixing_one_avatar_alone_leaves_it_as_it_is(three: list[Avatar]) -> None:
    alone = blend(three[0], three, np.array([1.0, 0, 0]))
    # A few vertices of the mouth's inside share their texture coordinates with another: those swap places.
    assert np.mean(np.abs(alone.points - three[0].points).max(1) < 1e-5) > 0.998
    assert np.abs(alone.points - three[0].points).max() < 0.02


def test_shape_axes_give_every_avatar_back(three: list[Avatar]) -> None:
    space = AvatarShapes(three)
    for avatar, own in zip(three, space.coefficients, strict=True):
        found = space.mean.still + np.tensordot(own, space.directions, 1)
        np.testing.assert_allclose(found, hang(avatar).still, atol=1e-6)


def test_pose_and_expression_of_a_known_head_are_found_again(three: list[Avatar]) -> None:
    body, head = three[0], np.array([0.3, -0.1, 0.08])
    acted = np.zeros(len(EXPRESSIONS))
    acted[EXPRESSION_INDEX["MouthOpen"]] = 0.4
    parts = place(
        body, head=head[None], body=0.4 * head[None], shift=np.array([[0.03, -0.02]]), log_scale=np.array([0.05]),
        look=np.zeros((1, 2)),
    ).parts  # fmt: skip
    points = landmarks(body, expression=acted[None], parts=parts, distance=7.0)[0][0, :, :2].astype(float)
    face = Face(
        square=np.zeros((8, 8, 3)), points=points, confidence=np.ones(68), pose=np.zeros(6), gaze=np.zeros(2),
        blink=np.zeros(2), identity=np.zeros(4),
    )  # fmt: skip
    fit = fit_pose(face, hang(body), body)
    assert fit.rms < 0.01
    assert np.abs(fit.head - head).max() < np.deg2rad(2)
    assert abs(fit.expression[EXPRESSION_INDEX["MouthOpen"]] - 0.4) < 0.15


def test_projection_of_what_lies_in_the_plane_is_itself() -> None:
    np.testing.assert_allclose(project(np.array([[0.3, 0.2, 0.0]]), 5.0), [[0.3, -0.2]])


def test_fitted_people_keep_to_their_split_and_mix_nothing(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.npz").touch()
    files = fitted_files(tmp_path)
    crowd = [person(number, BODIES, seed=0) for number in range(400)]
    cast = [fitted_person(who, files, share=0.3, seed=1) for who in crowd]
    fitted = [who for who in cast if who.body.suffix == ".npz"]
    assert 80 < len(fitted) < 160
    assert all(who.body in avatars_of(files, who.split) for who in fitted)
    assert {who.split for who in fitted} == {"train", "test"}


def test_two_pictures_of_one_person_are_in_one_split(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.npz" for name in ("ada", "ben", "cy-1", "cy-2", "cy-3", "di", "eve")]
    assert [who.stem for who in shown_people(files)] == ["ada", "ben", "cy", "di", "eve"]
    cast = [fitted_person(person(n, BODIES, seed=0), files, share=1.0, seed=1) for n in range(200)]
    seen = {split: {who.body.stem for who in cast if who.split == split} for split in ("train", "test")}
    assert not seen["train"] & seen["test"]
    assert sorted(seen["train"] | seen["test"]) == [file.stem for file in files]


def test_too_few_fitted_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        fitted_files(tmp_path)


def test_an_avatar_as_arrays_is_read_back_and_damage_is_told(tmp_path: Path, figure: Avatar) -> None:
    path = tmp_path / "somebody.npz"
    arrays = {f.name: getattr(figure, f.name) for f in dataclasses.fields(Avatar)}
    np.savez(path, **arrays)
    np.testing.assert_array_equal(load_avatar(path).points, figure.points)
    np.savez(path, **(arrays | {"uv": arrays["uv"][:-1]}))
    with pytest.raises(ValueError, match="do not fit"):
        load_avatar(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no avatar as arrays"):
        load_avatar(path)
