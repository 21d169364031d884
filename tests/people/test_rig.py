"""Labels say what the geometry does."""

from __future__ import annotations

import numpy as np
import torch

from vasa.geometry import angles, pose_matrix, transform
from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS, Avatar
from vasa.people.rig import Placement, directions, face, lip_opening, place, rotations, seen_pose, towards

HEAD = np.deg2rad([[0.0, 0, 0], [20, 0, 0], [0, 15, 0], [0, 0, 12], [-25, 8, -6]])


def _placed(figure: Avatar, look: np.ndarray | None = None) -> Placement:
    count = len(HEAD)
    return place(
        figure,
        head=HEAD,
        body=0.2 * HEAD,
        shift=np.linspace(-0.1, 0.2, count)[:, None] * [1, 0.5],
        log_scale=np.linspace(-0.3, 0.2, count),
        look=np.zeros((count, 2)) if look is None else look,
    )


def test_rotations_are_those_of_geometry() -> None:
    found = angles(torch.from_numpy(rotations(HEAD)))
    np.testing.assert_allclose(torch.stack(found, dim=-1).numpy(), HEAD, atol=1e-6)


def test_pose_label_moves_points_as_the_head_moves(figure: Avatar) -> None:
    posed = _placed(figure)
    flip = np.array([1.0, -1.0, 1.0])
    points = np.array([[0.1, 0.2, 0.3], [-0.2, -0.3, 0.1], [0.0, 0.0, 0.35]])
    truth = np.einsum("tij,nj->tni", posed.parts[:, 0, :3, :3], points) + posed.parts[:, 0, None, :3, 3]
    canonical = torch.from_numpy(np.repeat((points * flip)[None], len(HEAD), axis=0))
    told = transform(pose_matrix(torch.from_numpy(posed.pose)), canonical).numpy()
    np.testing.assert_allclose(told[..., :2], (truth * flip)[..., :2], atol=1e-6)


def test_a_near_camera_enlarges_what_is_in_front_of_the_origin(figure: Avatar) -> None:
    posed = _placed(figure)
    far, near = seen_pose(posed, 1e6), seen_pose(posed, 5.0)
    np.testing.assert_allclose(far, posed.pose, atol=1e-4)
    assert np.all(np.sign(near[:, 5] - far[:, 5]) == np.sign(np.round(posed.parts[:, 0, 2, 3], 6)))


def test_gaze_label_is_where_the_eyes_point(figure: Avatar) -> None:
    wanted = np.deg2rad([[0, 0], [5, 5], [-10, 3], [0, 0], [-60, 0]])
    posed = _placed(figure, wanted)
    eye = posed.parts[:, 2, :3, 2] / np.linalg.norm(posed.parts[:, 2, :3, 2], axis=1, keepdims=True)
    np.testing.assert_allclose(towards(eye), posed.gaze, atol=1e-6)
    np.testing.assert_allclose(posed.gaze[:4], wanted[:4], atol=1e-6)
    assert posed.gaze[4, 0] > wanted[4, 0]  # out of the eyes' reach: the label holds what came of it


def test_directions_and_towards_undo_each_other() -> None:
    given = np.deg2rad([[10, -20], [-30, 5]])
    np.testing.assert_allclose(towards(directions(given)), given)


def test_lip_opening_is_measured_on_the_moved_face(figure: Avatar) -> None:
    expression = np.zeros((3, len(EXPRESSIONS)))
    expression[:, EXPRESSION_INDEX["MouthOpen"]] = [0, 0.5, 1]
    found = lip_opening(figure, face(figure, expression)[0])
    np.testing.assert_allclose(found, [0.015, 0.09, 0.165], atol=1e-6)
