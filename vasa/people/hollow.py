"""The dark of a head's inside, that an open mouth looks into where the back of the head is not drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vasa.people.avatar import KINDS, Avatar

_MIDDLE, _RADII = np.array([0.0, -0.08, -0.02]), np.array([0.24, 0.26, 0.16])
_RINGS, _SPOKES = 4, 12


def hollowed(avatar: Avatar) -> Avatar:
    """The avatar with a bowl behind its mouth, open to the front; last of all vertices and triangles."""
    bowl, inward = _bowl()
    count, start = len(bowl), len(avatar.points)
    weights = np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1))
    return replace(
        avatar,
        points=np.concatenate([avatar.points, bowl]).astype(np.float32),
        normals=np.concatenate([avatar.normals, inward]).astype(np.float32),
        uv=np.concatenate([avatar.uv, np.zeros((count, 2), np.float32)]),
        weights=np.concatenate([avatar.weights, weights]),
        layer=np.concatenate([avatar.layer, np.zeros(count, np.float32)]),
        kind=np.concatenate([avatar.kind, np.full(count, KINDS.index("hollow"), np.float32)]),
        triangles=np.concatenate([avatar.triangles, start + _strips()]).astype(np.int32),
    )


def _bowl() -> tuple[np.ndarray, np.ndarray]:
    """Points of half an ellipsoid, from its bottom behind to its rim in front, and normals inwards."""
    away = np.linspace(0.02, np.pi / 2, _RINGS)[:, None]
    turn = np.linspace(0, 2 * np.pi, _SPOKES, endpoint=False)[None]
    ball = np.stack([np.sin(away) * np.cos(turn), np.sin(away) * np.sin(turn), -np.cos(away) + 0 * turn], axis=-1)
    ball = np.concatenate(ball)
    return _MIDDLE + _RADII * ball, -ball


def _strips() -> np.ndarray:
    """Triangles whose front is inside."""
    ring, spoke = (a.ravel() for a in np.mgrid[: _RINGS - 1, :_SPOKES])
    here, beside = ring * _SPOKES + spoke, ring * _SPOKES + (spoke + 1) % _SPOKES
    outer, corner = here + _SPOKES, beside + _SPOKES
    return np.concatenate([np.c_[here, outer, beside], np.c_[beside, outer, corner]])
