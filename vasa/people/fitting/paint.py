"""The texture of a fitted head: the picture where it shows skin, its mirror image, then the avatar's own, toned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vasa.people.avatar import Avatar
from vasa.people.colours import face_colour
from vasa.people.fitting import light
from vasa.people.fitting.faces import Face
from vasa.people.fitting.raster import cover
from vasa.people.fitting.seen import Texels, texels
from vasa.people.fitting.shares import feathered, hairy, shares, skinlike, smooth
from vasa.people.fitting.solve import Fit
from vasa.people.fitting.tone import toned
from vasa.people.fitting.warp import bend, sample
from vasa.people.regions import regions

_MIDDLE_U = 0.3258  # of the face in VALID's layout: the bridge of the nose
_FACE_V = 0.5  # below it the layout has no face
_MIRRORED = 0.06  # canonical units between a place and the mirror image of its partner
_BARE = (0.05, 0.11)  # as the drawing tells skin from clothes
_HAIR_DARK = 0.55
_NEAR_LIDS = (0.02, 0.1)  # of the way of the lids' rims: lashes and paint are no skin


@dataclass(frozen=True)
class Painted:
    """A texture [H, W, 3] uint8, and what is known of it."""

    texture: np.ndarray
    skin: np.ndarray  # [3] usual linear colour of the skin, in the picture's light
    seen_share: float  # of the front of the face that the picture shows
    light: np.ndarray  # [9] harmonics
    wet: np.ndarray  # [H, W] 1 where eyes, teeth, tongue and the walls of the mouth are


def paint(avatar: Avatar, fit: Fit, face: Face) -> Painted:
    """Take a face off its picture, for an avatar that has the fitted shape."""
    spots = texels(avatar, fit, face.gaze)
    bent = bend(avatar, fit, face, spots.where)
    own = (avatar.textures[0] / 255.0) ** 2
    trust = shares(spots, bent, face)
    shown, usual, lamp = _without_light(sample(face.square, bent) ** 2, own[spots.covered.hit], spots, trust)
    covered = hairy(spots.home)
    own_skin = skinlike(own[spots.covered.hit], (face_colour(avatar) / 255) ** 2)
    trust *= 1 - covered * (1 - skinlike(shown, usual) * own_skin)
    front = smooth(spots.home[:, 2], (0.2, 0.3)) * (1 - covered)
    plain = trust * np.maximum(skinlike(shown, usual) * (1 - smooth(spots.lid, _NEAR_LIDS)), _lips(spots, avatar))
    wet = _drawn(avatar, len(own))
    texture = _filled(own, shown, trust, plain, spots, _bare(own, avatar, wet))
    return Painted(
        texture=np.round(255 * np.sqrt(texture.clip(0, 1))).astype(np.uint8),
        skin=usual,
        seen_share=float(np.average(trust > 0.3, weights=front)),
        light=lamp,
        wet=wet,
    )


def _without_light(
    linear: np.ndarray, own: np.ndarray, spots: Texels, trust: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The picture's colours [N, 3] in even light, the usual one of its skin [3], and the light [9]."""
    sure = trust * (1 - hairy(spots.home))
    usual = np.median(linear[sure > 0.8], axis=0)
    sure = sure * skinlike(linear, usual) + 1e-9
    lamp = light.estimate(linear.sum(1) / own.sum(1).clip(0.05), spots.normal, sure)
    even = light.unlit(linear, spots.normal, lamp)
    return even, np.median(even[sure > 0.8 * sure.max()], axis=0), lamp


def _filled(
    own: np.ndarray, shown: np.ndarray, trust: np.ndarray, plain: np.ndarray, spots: Texels, bare: np.ndarray
) -> np.ndarray:
    """Linear texture: the picture over its mirror image over the avatar's own skin in their tone.

    The tone is learned where the picture is `plain` [N]: skin and lips, no lashes, brows or shadows of hair.
    """
    known, taken, tone = spots.image(trust), spots.image(shown), feathered(spots.image(plain)) + 1e-6
    other, lent = _mirrored(taken, known, spots)
    other = toned(other, taken, tone * (lent > 0.5) + 1e-6)
    lent = feathered(lent)
    base = bare * toned(own, taken, tone) + (1 - bare) * own
    share = feathered(known)[..., None]
    below = other * lent[..., None] + base * (1 - lent[..., None])
    return taken * share + below * (1 - share)


def _lips(spots: Texels, avatar: Avatar) -> np.ndarray:
    """1 for texels of the lips, 0 elsewhere: [N]."""
    drawn = spots.covered.interpolate((regions(avatar) == 1)[:, None].astype(float), spots.triangles)[:, 0]
    return (drawn > 0.5).astype(np.float64)


def _mirrored(taken: np.ndarray, known: np.ndarray, spots: Texels) -> tuple[np.ndarray, np.ndarray]:
    """What the other side of the face shows, and how far it is to be trusted."""
    height, width = known.shape
    partner = np.round(2 * _MIDDLE_U * width - 1 - np.arange(width)).astype(int)
    there = (partner >= 0) & (partner < width)
    column = partner.clip(0, width - 1)
    home = spots.image(spots.home)
    apart = np.abs(home[:, column] * [-1, 1, 1] - home).max(-1)
    fits = there & (apart < _MIRRORED) & spots.covered.hit & (np.arange(height)[:, None] < _FACE_V * height)
    return taken[:, column] * fits[..., None], known[:, column] * fits


def _bare(own: np.ndarray, avatar: Avatar, wet: np.ndarray) -> np.ndarray:
    """Where an avatar's texture is skin, rather than clothes, hair, eyes or teeth: [H, W, 1] in 0 to 1."""
    colour = np.sqrt(own)
    usual = face_colour(avatar)
    hue = np.linalg.norm(colour / (colour.sum(-1, keepdims=True) + 0.02) - usual / usual.sum(), axis=-1)
    dark = colour.sum(-1) / (usual.sum() / 255)
    return ((1 - smooth(hue, _BARE)) * smooth(dark, (0.35, _HAIR_DARK)) * (1 - wet))[..., None]


def _drawn(avatar: Avatar, size: int) -> np.ndarray:
    """1 where eyes, teeth, tongue and the walls of the mouth have their texture."""
    wet = ((avatar.kind > 0) & (avatar.kind < 4)) | (regions(avatar) > 1.5)
    triangles = avatar.triangles[wet[avatar.triangles].all(1)]
    return cover(avatar.uv.astype(np.float64) * size, triangles, avatar.points[:, 2], size=size).hit.astype(float)
