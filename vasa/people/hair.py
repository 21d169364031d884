"""Cuts of hair: wigs and painted scalps that avatars of one layout lend each other, and bald heads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from vasa.people.avatar import KINDS, Avatar
from vasa.people.marks import HAIR, marked, unpainted
from vasa.people.masks import FACE_PX, crop
from vasa.people.mixing import partners
from vasa.people.worn import attach, outside, without

_HAIR = KINDS.index("hair")
_CLEAR = 0.012  # canonical units between skin and hair
_NEAR = 8  # vertices that carry a strand


def bald(avatar: Avatar) -> Avatar:
    """The avatar without its wig; the scalp below is skin. An avatar whose hair is painted stays as it is."""
    if not has_wig(avatar):
        return avatar
    bare = without(avatar, _HAIR)
    textures = marked(avatar)  # marked while it had its wig, so that nothing on the scalp counts as hair
    return replace(bare, textures=textures)


def lend(avatar: Avatar, donor: Avatar) -> Avatar:
    """The avatar with the donor's wig, or with its painted hair cropped; one whose own hair is painted keeps it."""
    if not has_wig(avatar):
        return avatar
    return _with_wig(avatar, donor) if has_wig(donor) else _cropped(bald(avatar), donor)


def has_wig(avatar: Avatar) -> bool:
    """Whether its hair is a shape of its own."""
    return bool((avatar.kind == _HAIR).any())


def _with_wig(avatar: Avatar, donor: Avatar) -> Avatar:
    """Hair moves from head to head as the skin below it does, then off the skin."""
    match, found = partners(donor, avatar)
    carried = found & (donor.kind == 0)
    hair = donor.kind == _HAIR
    away, near = cKDTree(donor.points[carried]).query(donor.points[hair], k=_NEAR)
    share = 1 / (away + 0.02)
    share /= share.sum(1, keepdims=True)
    moves = avatar.points[match[carried]] - donor.points[carried]
    points = donor.points[hair] + np.einsum("nk,nkc->nc", share, moves[near])
    bare = without(avatar, _HAIR)
    textures = avatar.textures.copy()
    textures[1] = donor.textures[1]
    return attach(
        replace(bare, textures=textures),
        points=outside(points, bare, _CLEAR),
        normals=donor.normals[hair],
        uv=donor.uv[hair],
        weights=donor.weights[hair],
        layer=1,
        kind=_HAIR,
        triangles=_renumbered(donor.triangles[hair[donor.triangles].all(1)], hair),
    )


def _renumbered(triangles: np.ndarray, kept: np.ndarray) -> np.ndarray:
    return (np.cumsum(kept) - 1)[triangles]


def _cropped(avatar: Avatar, donor: Avatar) -> Avatar:
    """The donor's painted hair on a bald scalp, within a hairline of its own."""
    lent, textures = marked(donor)[0, : FACE_PX[0], : FACE_PX[1]], avatar.textures.copy()
    own = textures[0, : FACE_PX[0], : FACE_PX[1]]
    line = crop() * unpainted(avatar)[: FACE_PX[0], : FACE_PX[1], 0]
    there = lent[..., 3] == HAIR
    hair = np.where(there[..., None], lent[..., :3], np.median(lent[there][:, :3], axis=0) if there.any() else 25)
    own[..., :3] = np.round(own[..., :3] + line[..., None] * (hair - own[..., :3]))
    own[..., 3] = np.where(line > 0.5, HAIR, own[..., 3])
    return replace(avatar, textures=textures)
