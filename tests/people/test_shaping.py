"""Other heads stay whole: lids and lips close, eyeballs are balls, labels keep their meaning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS, EYE_FRONT, Avatar, load_avatar
from vasa.people.facekit import MODES, ShapeModel, load_shapes
from vasa.people.landmarks import anchors
from vasa.people.person import avatar_files, person
from vasa.people.rig import face, lip_opening
from vasa.people.rigging import frame
from vasa.people.shaping import Eyeball, reshape
from vasa.people.visemes import CLOSED, shape


@pytest.fixture(scope="module")
def model(avatars: Path, tmp_path_factory: pytest.TempPathFactory) -> ShapeModel:
    return load_shapes(avatars.parent / "facekit.tar.xz", cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def before(avatars: Path, tmp_path_factory: pytest.TempPathFactory) -> Avatar:
    return load_avatar(avatar_files(avatars)[0], texture_px=64, cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def after(before: Avatar, model: ShapeModel) -> Avatar:
    return reshape(before, model, np.clip(np.random.default_rng(3).normal(size=MODES), -2, 2))


def _landmarks(avatar: Avatar, pose: dict[str, float]) -> np.ndarray:
    hung = anchors(avatar)
    points = avatar.points.copy()
    points[: avatar.shifts.shape[1]] = face(avatar, shape(pose)[None])[0][0]
    return np.einsum("lk,lkc->lc", hung.shares, points[hung.vertices])


def _lid_gaps(avatar: Avatar, weight: float) -> np.ndarray:
    """Between upper and lower lids, over the width of the eyes."""
    points = _landmarks(avatar, {"ReyeClose": weight, "LeyeClose": weight})
    gaps = points[[37, 38, 43, 44], 1] - points[[41, 40, 47, 46], 1]
    return gaps / np.linalg.norm(points[36] - points[39])


def test_no_coefficients_leave_the_head_as_it_was(before: Avatar, model: ShapeModel) -> None:
    same = reshape(before, model, np.zeros(MODES))
    np.testing.assert_allclose(same.points, before.points, atol=1e-5)
    np.testing.assert_allclose(same.shifts, before.shifts, atol=1e-5)
    np.testing.assert_allclose(same.joints, before.joints, atol=1e-5)


def test_another_shape_is_another_face(before: Avatar, after: Avatar) -> None:
    apart = np.linalg.norm(_landmarks(before, {}) - _landmarks(after, {}), axis=1)
    assert 0.01 < apart.mean() < 0.08


def test_lids_open_as_before_and_close(before: Avatar, after: Avatar) -> None:
    assert _lid_gaps(after, 0.0).min() > 0.5 * _lid_gaps(before, 0.0).min()
    np.testing.assert_allclose(_lid_gaps(after, 1.0), _lid_gaps(before, 1.0), atol=0.03)


def test_lips_close(before: Avatar, after: Avatar) -> None:
    closed = [lip_opening(a, face(a, shape(CLOSED)[None])[0])[0] for a in (before, after)]
    assert closed[1] == pytest.approx(closed[0], abs=0.003)
    apart = [lip_opening(a, face(a, shape({"MouthOpen": 1})[None])[0])[0] for a in (before, after)]
    assert apart[1] > 0.6 * apart[0] > 0.05


def test_eyeballs_stay_balls_within_their_lids(before: Avatar, after: Avatar) -> None:
    for side in (0, 1):
        mine = (before.kind == 1) & (before.weights[:, 2 + side] > 0.5)
        old, new = (np.linalg.norm(a.points[mine] - a.joints[2 + side], axis=1) for a in (before, after))
        ratio = new / old
        assert np.ptp(ratio) < 1e-3
        assert 0.75 < ratio.mean() < 1.3


def test_units_and_origin_are_the_new_heads(after: Avatar) -> None:
    opening = np.zeros_like(after.points)
    opening[: after.shifts.shape[1]] = after.shifts[EXPRESSION_INDEX["MouthOpen"]]
    origin, unit = frame(after.points, after.kind, opening, after.joints, after.lips)
    np.testing.assert_allclose(origin, 0, atol=1e-5)
    assert unit == pytest.approx(1, abs=1e-4)
    assert after.points[after.kind == 1, 2].max() == pytest.approx(EYE_FRONT, abs=1e-4)


def test_the_body_stays_where_it_was_but_for_the_unit(before: Avatar, after: Avatar) -> None:
    body = before.weights.sum(1) < 0.01
    scale = np.ptp(after.points[body, 0]) / np.ptp(before.points[body, 0])
    moved = after.points[body] - scale * before.points[body]
    assert np.ptp(moved, axis=0).max() < 1e-3


def test_near_the_eyeball_distances_count_in_radii() -> None:
    ball = Eyeball(np.zeros(3), 1.0, np.array([0.5, 0, 0]), 1.2)
    before = np.array([[0, 0, 1.1], [0, 0, 3.0]])
    after = before + np.array([0.5, 0.3, 0])
    fitted = ball.fit(before, after)
    assert np.linalg.norm(fitted[0] - ball.centre_after) == pytest.approx(1.1 * 1.2)
    np.testing.assert_allclose(fitted[1], after[1])


def test_people_of_one_number_have_one_shape(tmp_path: Path) -> None:
    files = [tmp_path / f"A_F_{n}_x.glb" for n in range(4)]
    shapes = [person(number, files, seed=5).shape for number in (3, 3, 4)]
    np.testing.assert_array_equal(shapes[0], shapes[1])
    assert np.abs(shapes[0] - shapes[2]).max() > 0.5
    assert shapes[0].shape == (MODES,)
    assert np.abs(shapes[0]).max() < 2


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="There is no"):
        load_shapes(tmp_path / "nowhere")
    (tmp_path / "identity000.obj").write_text("v 0 0 0\n")
    with pytest.raises(ValueError, match="lacks 101 of FaceKit's 101 heads"):
        load_shapes(tmp_path, cache=tmp_path)
    broken = tmp_path / "facekit.tar.xz"
    broken.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="is no whole tar file"):
        load_shapes(broken, cache=tmp_path)


def test_every_expression_is_carried_over(before: Avatar, after: Avatar) -> None:
    size = [np.abs(a.shifts).max((1, 2)) for a in (before, after)]
    ratio = size[1][size[0] > 1e-3] / size[0][size[0] > 1e-3]
    assert len(ratio) > 0.8 * len(EXPRESSIONS)
    assert ratio.min() > 0.4
    assert ratio.max() < 2.5
