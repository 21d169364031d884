"""What a posed avatar shows of itself: for every texel of its texture, where in the picture it is, and whether seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vasa.people.avatar import EXPRESSION_INDEX, Avatar
from vasa.people.fitting.raster import Covered, cover
from vasa.people.fitting.solve import Fit, project
from vasa.people.rig import Placement, face

_DEPTH_PX = 512  # of the map that tells what hides what
_TOUCHING = 0.025  # canonical units, that one surface may lie behind another and still count as the same


@dataclass(frozen=True)
class Texels:
    """The texels of the head's skin; all of length N, in the order of `covered.hit`."""

    covered: Covered  # [size, size] of the body's texture
    triangles: np.ndarray  # [F, 3] that it counts
    home: np.ndarray  # [N, 3] on the neutral head
    head: np.ndarray  # [N] share of the head in what moves it
    lid: np.ndarray  # [N] how far blinking moves it, 1 for the rims of the lids
    where: np.ndarray  # [N, 2] in the square of the picture
    normal: np.ndarray  # [N, 3] posed
    facing: np.ndarray  # [N] cosine between normal and view
    seen: np.ndarray  # [N] 1 where nothing lies before it

    def image(self, values: np.ndarray) -> np.ndarray:
        """Values [N, ...] as a picture of the texture [size, size, ...], 0 elsewhere."""
        canvas = np.zeros((*self.covered.hit.shape, *values.shape[1:]))
        canvas[self.covered.hit] = values
        return canvas


def texels(avatar: Avatar, fit: Fit, look: np.ndarray) -> Texels:
    """Where the skin of an avatar's head is under a fit and a gaze [2]."""
    placement = fit.placed(avatar, look)
    points, normals = pose_vertices(avatar, fit.expression, placement)
    size = avatar.textures.shape[1]
    skin = (avatar.kind == 0) & (avatar.layer == 0) & (avatar.weights[:, 0] > 0.5)
    triangles = avatar.triangles[skin[avatar.triangles].all(1)]
    covered = cover(avatar.uv.astype(np.float64) * size, triangles, avatar.points[:, 2], size=size)
    values = np.c_[avatar.points, avatar.weights[:, :1], points, normals, _lids(avatar)]
    spread = covered.interpolate(values, triangles)
    home, head, spot, normal = spread[:, :3], spread[:, 3], spread[:, 4:7], spread[:, 7:10]
    normal = normal / np.linalg.norm(normal, axis=1, keepdims=True).clip(1e-6)
    view = np.array([0, 0, fit.distance]) - spot
    where = project(spot, fit.distance)
    return Texels(
        covered=covered,
        triangles=triangles,
        home=home,
        head=head,
        lid=spread[:, 10],
        where=where,
        normal=normal,
        facing=(normal * view).sum(1) / np.linalg.norm(view, axis=1),
        seen=_unhidden(avatar, points, fit.distance, where, spot[:, 2]),
    )


def _lids(avatar: Avatar) -> np.ndarray:
    """How far each vertex moves when the eyes close, 1 at most: [V]."""
    closing = np.abs(avatar.shifts[[EXPRESSION_INDEX["ReyeClose"], EXPRESSION_INDEX["LeyeClose"]]]).sum(0)
    far = np.zeros(len(avatar.points))
    far[: len(closing)] = np.linalg.norm(closing, axis=-1)
    return far / far.max()


def pose_vertices(avatar: Avatar, expression: np.ndarray, placement: Placement) -> tuple[np.ndarray, np.ndarray]:
    """Posed vertices and normals, two [V, 3], of the first frame of a placement under an expression [E]."""
    moved, turned = face(avatar, expression[None])
    points, normals = avatar.points.astype(np.float64), avatar.normals.astype(np.float64)
    points[: len(moved[0])], normals[: len(turned[0])] = moved[0], turned[0]
    weights = np.c_[avatar.weights, 1 - avatar.weights.sum(1)]
    matrices = np.einsum("vp,pij->vij", weights, placement.parts[0, :, :3])
    posed = np.einsum("vij,vj->vi", matrices, np.c_[points, np.ones(len(points))])
    return posed, np.einsum("vij,vj->vi", matrices[..., :3], normals)


def _unhidden(avatar: Avatar, points: np.ndarray, distance: float, where: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """1 for each place [N, 2] at a depth [N] before which no skin, eye or tooth lies; hair does not count."""
    solid = avatar.triangles[(avatar.kind < 4)[avatar.triangles].all(1)]
    pixels = (project(points, distance) + 1) / 2 * _DEPTH_PX
    front = cover(pixels, solid, points[:, 2], size=_DEPTH_PX)
    nearest = np.full(front.hit.shape, -np.inf)
    nearest[front.hit] = front.interpolate(points[:, 2:], solid)[:, 0]
    column, row = ((where + 1) / 2 * _DEPTH_PX).astype(int).clip(0, _DEPTH_PX - 1).T
    return (depth > nearest[row, column] - _TOUCHING).astype(np.float64)
