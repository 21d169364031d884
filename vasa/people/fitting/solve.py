"""Camera, pose, shape and expression of a head from 68 landmarks, by regularised least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from einops import rearrange
from scipy.optimize import least_squares

from vasa.face.points import JAW, OUTER_CORNERS
from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS, Avatar
from vasa.people.fitting.faces import Face
from vasa.people.fitting.shapes import Hung, ShapeSpace
from vasa.people.rig import Placement, place

FITTED = (
    "MouthOpen", "RsmileClose", "LsmileClose", "RsmileOpen", "LsmileOpen", "RmouthSad", "LmouthSad", "Kiss",
    "RlipUp", "LlipUp", "RlipDown", "LlipDown", "MPB_Up", "MPB_Down", "ReyeClose", "LeyeClose", "ReyeOpen", "LeyeOpen",
    "RRbrowUp", "RbrowUp", "LbrowUp", "LLbrowUp", "RbrowDown", "LbrowDown",
)  # fmt: skip
_INDEX = np.array([EXPRESSION_INDEX[name] for name in FITTED])
NOISE = 0.03  # of a landmark as read, inter-ocular distances
JAW_SHARE = 0.5  # points of the jaw line are read less well
_STEP = 1e-6
EXPRESSION_SIZE, DISTANCE_SIZE, USUAL_DISTANCE = 0.3, 0.25, 7.0  # as priors: of a weight, of a log, canonical units
BODY_SHARE = 0.4  # of the head's turn is the body's


@dataclass(frozen=True)
class Fit:
    """How a head lies in the square of a `Face`."""

    head: np.ndarray  # [3] yaw, pitch, roll
    shift: np.ndarray  # [2]
    log_scale: float
    distance: float  # of the camera
    shape: np.ndarray  # [K]
    expression: np.ndarray  # [E]
    rms: float  # of the landmarks over the distance between the outer corners of the eyes

    def placed(self, avatar: Avatar, look: np.ndarray) -> Placement:
        """The pose of one frame with this gaze [2]."""
        return _placed(avatar, self.head, self.shift, self.log_scale, look)


def fit_shape(face: Face, space: ShapeSpace, joints: Avatar) -> Fit:
    """Fit everything; `joints` is an avatar whose neck and head turn about the usual places."""
    return _solve(face, space.mean, space.directions, joints)


def fit_pose(face: Face, hung: Hung, avatar: Avatar) -> Fit:
    """Fit camera, pose and expression of an avatar whose shape is settled."""
    return _solve(face, hung, np.zeros((0, *hung.still.shape)), avatar)


def project(points: np.ndarray, distance: float) -> np.ndarray:
    """Posed points [..., 3] as a camera sees them: [..., 2], x right and y down."""
    return points[..., :2] * [1, -1] * (distance / (distance - points[..., 2:]))


def _placed(avatar: Avatar, head: np.ndarray, shift: np.ndarray, log_scale: float, look: np.ndarray) -> Placement:
    turned = head[None]
    return place(
        avatar, head=turned, body=BODY_SHARE * turned, shift=shift[None], log_scale=np.array([log_scale]),
        look=look[None],
    )  # fmt: skip


def _solve(face: Face, hung: Hung, directions: np.ndarray, avatar: Avatar) -> Fit:
    axes = len(directions)
    eyes = np.linalg.norm(np.subtract(*face.points[list(OUTER_CORNERS)]))
    trust = np.sqrt(face.confidence / face.confidence.mean())
    trust[JAW] *= JAW_SHARE
    moves = hung.moves[_INDEX]

    linear = np.concatenate([directions, moves])

    def posed(values: np.ndarray, shaped: np.ndarray) -> np.ndarray:
        parts = _placed(avatar, values[:3], values[3:5], values[5], np.zeros(2)).parts[0]
        return np.einsum("pij,...lpj->...li", parts[:, :3], shaped)

    def shape(values: np.ndarray) -> np.ndarray:
        return hung.still + np.tensordot(values[7:], linear, 1)

    def seen(values: np.ndarray) -> np.ndarray:
        return project(posed(values, shape(values)), np.exp(values[6]))

    def slopes(values: np.ndarray) -> np.ndarray:
        """Jacobian of `residual`: by differences for camera and pose, exact for what moves points linearly."""
        shaped, distance = shape(values), np.exp(values[6])
        still = posed(values, shaped)
        steps = values[:7] + _STEP * np.eye(7)
        camera = [(project(posed(s, shaped), np.exp(s[6])) - project(still, distance)) / _STEP for s in steps]
        moved, deep = posed(values, linear), distance - still[:, 2:]
        drawn = distance / deep * (moved[..., :2] + still[:, :2] * moved[..., 2:] / deep) * [1, -1]
        rows = np.concatenate([np.stack(camera), drawn]) / eyes / NOISE * trust[:, None]
        return np.concatenate([rearrange(rows, "n l xy -> (l xy) n"), prior])

    prior = np.diag(np.r_[np.ones(axes + 7), np.full(len(FITTED), 1 / EXPRESSION_SIZE)])[6:]
    prior[0, 6] = 1 / DISTANCE_SIZE

    def residual(values: np.ndarray) -> np.ndarray:
        away = (seen(values) - face.points) / eyes / NOISE * trust[:, None]
        camera = (values[6] - np.log(USUAL_DISTANCE)) / DISTANCE_SIZE
        return np.concatenate([away.ravel(), [camera], values[7 : 7 + axes], values[7 + axes :] / EXPRESSION_SIZE])

    start = np.concatenate([face.pose, [np.log(USUAL_DISTANCE)], np.zeros(axes), np.full(len(FITTED), 1e-3)])
    free = np.full(7 + axes, np.inf)
    low, high = np.r_[-free, np.zeros(len(FITTED))], np.r_[free, np.ones(len(FITTED))]
    found = least_squares(residual, start, slopes, bounds=(low, high), loss="soft_l1", max_nfev=40).x
    expression = np.zeros(len(EXPRESSIONS))
    expression[_INDEX] = found[7 + axes :]
    rms = float(np.sqrt(((seen(found) - face.points) ** 2).sum(-1).mean()) / eyes)
    return Fit(
        found[:3], found[3:5], float(found[5]), float(np.exp(found[6])), found[7 : 7 + axes], expression, rms
    )  # fmt: skip
