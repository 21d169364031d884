"""Where head, neck, eyes and body of an avatar are in each frame, and what the labels say about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from einops import rearrange

from vasa.people.avatar import CHIN_TO_EYES, Avatar

NECK_SHARE = 0.45  # of a turn of the head happens in the neck


@dataclass(frozen=True)
class Placement:
    """Rigid motion of the parts; matrices take canonical points (y up, before the camera) to the posed world."""

    parts: np.ndarray  # [T, 5, 4, 4]: head, neck, left eye, right eye, body
    pose: np.ndarray  # [T, 6] as `vasa.types.Motion` has it
    gaze: np.ndarray  # [T, 2] yaw, pitch in the camera frame
    eyes: np.ndarray  # [T, 2] yaw, pitch relative to the head


def rotations(angles: np.ndarray) -> np.ndarray:
    """Rz(roll) Ry(yaw) Rx(-pitch) in the head frame: [T, 3] yaw, pitch, roll -> [T, 3, 3]."""
    yaw, pitch, roll = angles.T
    c, s, one, zero = np.cos, np.sin, np.ones(len(angles)), np.zeros(len(angles))
    turn = _stack([[c(yaw), zero, s(yaw)], [zero, one, zero], [-s(yaw), zero, c(yaw)]])
    nod = _stack([[one, zero, zero], [zero, c(pitch), s(pitch)], [zero, -s(pitch), c(pitch)]])
    tilt = _stack([[c(roll), -s(roll), zero], [s(roll), c(roll), zero], [zero, zero, one]])
    return tilt @ turn @ nod


def _stack(rows: list[list[np.ndarray]]) -> np.ndarray:
    return rearrange(np.array(rows), "i j t -> t i j")


def directions(angles: np.ndarray) -> np.ndarray:
    """Unit vectors [T, 3] of yaw and pitch [T, 2]."""
    yaw, pitch = angles.T
    return np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], axis=-1)


def towards(vectors: np.ndarray) -> np.ndarray:
    """Yaw and pitch [T, 2] of directions [T, 3]; inverse of `directions`."""
    return np.stack([np.arctan2(vectors[:, 0], vectors[:, 2]), np.arcsin(np.clip(vectors[:, 1], -1, 1))], axis=-1)


def place(
    avatar: Avatar, *, head: np.ndarray, body: np.ndarray, shift: np.ndarray, log_scale: np.ndarray, look: np.ndarray
) -> Placement:
    """Pose an avatar: angles of head and body [T, 3], shift of the body [T, 2] (x right, y down), wanted gaze [T, 2].

    The eyes reach 32 degrees to the sides and 22 up and down; the labels hold what came of it.
    """
    neck_joint, head_joint = avatar.joints[:2].astype(np.float64)
    turned = rotations(head)
    body_part = _about(rotations(body), neck_joint, neck_joint)
    neck_part = _about(rotations(body + NECK_SHARE * (head - body)), neck_joint, neck_joint)
    head_part = _about(turned, head_joint, _apply(neck_part, head_joint))
    eyes = np.clip(towards(np.einsum("tji,tj->ti", turned, directions(look))), [-0.56, -0.38], [0.56, 0.38])
    eye_parts = [head_part @ _about(rotations(np.c_[eyes, np.zeros(len(eyes))]), j, j) for j in avatar.joints[2:]]
    parts = np.stack([head_part, neck_part, *eye_parts, body_part], axis=1)
    stage = np.zeros((len(head), 4, 4))
    stage[:, range(4), range(4)] = np.c_[np.repeat(np.exp(log_scale)[:, None], 3, axis=1), np.ones(len(head))]
    stage[:, :2, 3] = shift * [1, -1]
    parts = stage[:, None] @ parts
    origin = parts[:, 0, :3, 3]
    pose = np.c_[head, origin[:, 0], -origin[:, 1], log_scale]
    gaze = towards(np.einsum("tij,tj->ti", turned, directions(eyes)))
    return Placement(parts, pose, gaze, eyes)


def seen_pose(placement: Placement, distance: float) -> np.ndarray:
    """The pose as a camera at `distance` in front of the origin sees it: [T, 6]; nearer means larger."""
    depth = placement.parts[:, 0, 2, 3]
    gain = distance / (distance - depth)
    pose = placement.pose.copy()
    pose[:, 3:5] *= gain[:, None]
    pose[:, 5] += np.log(gain)
    return pose


def _about(rotation: np.ndarray, pivot: np.ndarray, goes_to: np.ndarray) -> np.ndarray:
    """Turn about `pivot` and carry it to `goes_to`: [T, 4, 4]."""
    matrix = np.zeros((len(rotation), 4, 4))
    matrix[:, :3, :3] = rotation
    matrix[:, :3, 3] = goes_to - rotation @ pivot
    matrix[:, 3, 3] = 1
    return matrix


def _apply(matrix: np.ndarray, point: np.ndarray) -> np.ndarray:
    return matrix[:, :3, :3] @ point + matrix[:, :3, 3]


def face(avatar: Avatar, expression: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices that move, and their normals, under expressions [T, E]: two [T, M, 3] float32."""
    moving = avatar.shifts.shape[1]
    weights = expression.astype(np.float32)
    shapes = [rearrange(a, "e m k -> e (m k)") for a in (avatar.shifts, avatar.turns)]
    moved = [rearrange(weights @ s, "t (m k) -> t m k", k=3) for s in shapes]
    return avatar.points[:moving] + moved[0], avatar.normals[:moving] + moved[1]


def lip_opening(avatar: Avatar, points: np.ndarray) -> np.ndarray:
    """Gap between the inner lips over the distance from chin to eyes: points [T, M, 3] -> [T]."""
    upper, lower = points[:, avatar.lips[0]], points[:, avatar.lips[1]]
    return ((upper - lower)[:, 1] / CHIN_TO_EYES).astype(np.float32)
