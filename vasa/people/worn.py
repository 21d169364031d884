"""Adds meshes to an avatar and takes them away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from einops import repeat
from scipy.spatial import cKDTree

from vasa.people.avatar import Avatar

_FARTHEST = 0.08  # canonical units
_PER_VERTEX = ("points", "normals", "uv", "weights", "layer", "kind")


def attach(
    avatar: Avatar, *, points: np.ndarray, normals: np.ndarray, uv: np.ndarray, weights: np.ndarray, layer: int,
    kind: int, triangles: np.ndarray,
) -> Avatar:  # fmt: skip
    """Add a mesh of one kind whose vertices move with head, neck or body only; it comes last."""
    count, start = len(points), len(avatar.points)
    added = {
        "points": points, "normals": normals, "uv": uv, "weights": weights, "layer": np.full(count, layer),
        "kind": np.full(count, kind),
    }  # fmt: skip
    joined = {k: np.concatenate([getattr(avatar, k), v]).astype(np.float32) for k, v in added.items()}
    return replace(avatar, **joined, triangles=np.concatenate([avatar.triangles, start + triangles]).astype(np.int32))


def without(avatar: Avatar, kind: int) -> Avatar:
    """The avatar without a kind that does not move with expressions."""
    kept = avatar.kind != kind
    place = np.cumsum(kept) - 1
    return replace(
        avatar,
        **{k: getattr(avatar, k)[kept] for k in _PER_VERTEX},
        triangles=place[avatar.triangles[kept[avatar.triangles].all(1)]].astype(np.int32),
        lips=place[avatar.lips],
    )


def on_head(count: int) -> np.ndarray:
    """Weights [count, 4] of what moves with the head alone."""
    return repeat(np.array([1.0, 0, 0, 0], np.float32), "k -> n k", n=count)


def facing(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Normals of the vertices of a mesh, [V, 3]."""
    corners = points[triangles]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], flat)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def outside(points: np.ndarray, avatar: Avatar, clear: float) -> np.ndarray:
    """Points [N, 3] moved out along the nearest skin's normal until they are clear of it, within reason."""
    skin = avatar.kind == 0
    _, near = cKDTree(avatar.points[skin]).query(points)
    normals = avatar.normals[skin][near]
    height = ((points - avatar.points[skin][near]) * normals).sum(1)
    return points + np.clip(clear - height, 0, _FARTHEST)[:, None] * normals
