"""Paints a person's textures once: skin, hair, eyes, make-up and clothes; what is painted is drawn as it is.

Colours are mixed in linear light, which is the square of a texture's values here as in the shaders.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from einops import repeat
from scipy.ndimage import gaussian_filter, minimum_filter, zoom

from vasa.people import masks
from vasa.people.appearance import Appearance
from vasa.people.avatar import KINDS, Avatar
from vasa.people.colours import face_colour
from vasa.people.marks import CLOTHES, HAIR, SKIN, marked, unpainted

_LIGHTEST = 0.85  # of skin, in linear light
_IRIS = 0.0165  # radius in texture coordinates
_HAIRLINE_PX, _ALIKE = 49, 0.15  # how wide hairlines are; hair and skin as like as that cannot be told apart
_FACE = (slice(0, masks.FACE_PX[0]), slice(0, masks.FACE_PX[1]))


def paint(avatar: Avatar, person: Appearance) -> Avatar:
    """The avatar as the person looks; raises ValueError where its textures are not of 1024 px, as the masks are."""
    if avatar.textures.shape[1:3] != (1024, 1024):
        raise ValueError(f"People are painted on textures of 1024 px; these are {avatar.textures.shape[2]}.")
    rng = np.random.default_rng(person.seed)
    textures = marked(avatar)
    light = (textures[:2, ..., :3].astype(np.float32) / 255) ** 2
    alpha = textures[0, ..., 3]
    tone = (face_colour(avatar).astype(np.float32) / 255) ** 2
    body = light[0]
    free = unpainted(avatar)
    strands = _strands(body, alpha == HAIR, tone)
    hairy = _soft(alpha == HAIR) * strands
    skin = (_soft(alpha == SKIN) + _soft(alpha == HAIR) * (1 - strands)) * free
    wanted = (tone if person.skin is None else person.skin.astype(np.float32)) * person.shade.astype(np.float32)
    wanted = np.minimum(wanted, _LIGHTEST)
    hair = _hair_colour(body[alpha == HAIR] if (alpha == HAIR).any() else light[1].reshape(-1, 3), person)
    body += skin * (_toned(body, tone, wanted) - body)
    body += hairy * (_dyed(rng, body, alpha == HAIR, hair, person) - body)
    body += _soft(alpha == CLOTHES) * free * (_dressed(body, person) - body)
    body[_FACE] = _face(rng, body[_FACE], wanted, hair, person, skin[_FACE])
    _eyes(rng, body, avatar, person)
    light[1] = _dyed(rng, light[1], np.ones(alpha.shape, bool), hair, person)
    textures[:2, ..., :3] = np.round(255 * np.sqrt(np.clip(light, 0, 1)))
    return replace(avatar, textures=textures)


def _soft(chosen: np.ndarray) -> np.ndarray:
    """[H, W] bool -> [H, W, 1] with soft edges."""
    return gaussian_filter(chosen.astype(np.float32), 1.2)[..., None]


def _strands(body: np.ndarray, hair: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """Share of hair in each texel of painted hair, below 1 where skin shows between strands at the hairline.

    body: linear [H, W, 3]; hair: [H, W] bool; tone: of the skin [3]. Returns [H, W, 1].
    """
    if not hair.any():
        return np.ones((*hair.shape, 1), np.float32)
    colour, usual, bare = np.sqrt(body), np.sqrt(np.median(body[hair], axis=0)), np.sqrt(tone)
    apart = np.linalg.norm(usual - bare)
    nearer = (np.linalg.norm(colour - bare, axis=-1) - np.linalg.norm(colour - usual, axis=-1)) / max(apart, 1e-3)
    share = np.clip((nearer + 1) / 2, 0, 1) if apart > _ALIKE else np.ones(hair.shape)
    inside = gaussian_filter(minimum_filter(hair.astype(np.float32), _HAIRLINE_PX), _HAIRLINE_PX / 8)
    return np.maximum(share, inside)[..., None].astype(np.float32)


def _toned(body: np.ndarray, tone: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Skin brought from one tone to another, with its details."""
    detail = np.clip(body / tone, 0, 2.2)
    # What is light already has little room above it.
    return wanted * np.minimum(detail, 1) ** 0.9 * np.maximum(detail, 1) ** (0.9 - 0.8 * wanted.max())


def _hair_colour(painted: np.ndarray, person: Appearance) -> np.ndarray:
    colour = np.median(painted[::7], axis=0) if person.hair is None else person.hair
    return np.asarray(colour + person.grey * (np.array([0.36, 0.36, 0.37]) - colour), np.float32)


def _dyed(
    rng: np.random.Generator, painted: np.ndarray, where: np.ndarray, colour: np.ndarray, person: Appearance
) -> np.ndarray:
    """Hair in another colour; its strands stay, and some grey ones come."""
    bright = painted.mean(-1, keepdims=True) + 1e-4
    middle = np.median(bright[where]) if where.any() else 1.0
    detail = np.clip(bright / middle, 0.1, 4.0) ** (0.75 - 0.3 * colour.max())
    strands = np.exp(0.25 * gaussian_filter(rng.normal(size=bright.shape[:2]).astype(np.float32), (6, 0.7)) * 3)
    grey = 1 + person.grey * (1 - person.grey) * 2 * (strands[..., None] - 1)
    return colour * detail * grey * strands[..., None] ** 0.5


def _dressed(body: np.ndarray, person: Appearance) -> np.ndarray:
    """Clothes in another colour, sometimes with stripes."""
    dyed = body * person.clothes + (1 - body.mean(-1, keepdims=True)) ** 4 * person.dye
    wave = np.sin(np.arange(body.shape[1]) * (0.25 + 0.5 * person.pattern))
    return dyed * (1 - person.pattern * 0.5 * (1 + wave))[:, None]


def _face(
    rng: np.random.Generator, face: np.ndarray, tone: np.ndarray, hair: np.ndarray, person: Appearance, skin: np.ndarray
) -> np.ndarray:
    """Everything that is painted on the skin of a face [H, W, 3]."""
    plain = face
    face = face * _grain(rng, face.shape[:2], person)
    face = face * np.exp(-person.redness * masks.flush()[..., None] * [0.0, 0.38, 0.3])
    face = face * np.exp(-_dots(rng, person)[..., None] * np.array([0.35, 0.6, 0.75]))
    early, late = masks.wrinkles()
    face = face * np.exp(-person.age * (0.5 * early + 0.65 * person.age * late)[..., None] * [0.8, 1.0, 1.05])
    face = _over(face, np.sqrt(tone * person.shadow), person.make_up * masks.lids())
    face = _over(face, person.lips * (0.35 + 0.65 * tone[0]) * _relief(face), person.lipstick * masks.lips())
    face = _brows(face, tone, hair, person)
    face = _over(face, np.full(3, 0.01), person.liner * masks.liner())
    face = _bearded(rng, face, hair, person)
    return plain + skin * (face - plain)


def _over(under: np.ndarray, colour: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Paint of a colour ([3] or [H, W, 3]) over another, [H, W] of it."""
    return under + np.clip(amount, 0, 1)[..., None] * (colour - under)


def _relief(face: np.ndarray) -> np.ndarray:
    """Brightness of each texel over that around it, so that paint does not flatten: [H, W, 1]."""
    bright = face.mean(-1)
    return np.clip(bright / (gaussian_filter(bright, 8) + 1e-4), 0.3, 1.8)[..., None]


def _grain(rng: np.random.Generator, size: tuple[int, int], person: Appearance) -> np.ndarray:
    """Pores and blotches, more with age: gains [H, W, 3]."""
    fine = gaussian_filter(rng.normal(size=size).astype(np.float32), 0.8)
    coarse = rng.normal(size=(size[0] // 28 + 1, size[1] // 28 + 1))
    blotches = zoom(coarse, 28, order=1)[: size[0], : size[1]]
    amount = 0.04 + 0.05 * person.age
    return np.exp(amount * fine[..., None] - 0.03 * blotches[..., None] * [0.2, 1.0, 0.9])


def _dots(rng: np.random.Generator, person: Appearance) -> np.ndarray:
    """Freckles on cheeks and nose, moles anywhere: [H, W] of pigment."""
    ink = np.zeros(masks.FACE_PX, np.float32)
    many = int(500 * person.freckles)
    column, row = rng.normal([334, 285], [75, 38], (many, 2)).T.astype(int)
    ink[np.clip(row, 0, len(ink) - 1), np.clip(column, 0, ink.shape[1] - 1)] = rng.uniform(1.5, 7, many)
    ink = gaussian_filter(ink, 1.1) * person.freckles
    for _ in range(person.moles):
        ink += 2.2 * masks.spots((*rng.uniform([170, 110], [500, 480]), rng.uniform(1.5, 3.4)))
    return ink


def _brows(face: np.ndarray, tone: np.ndarray, hair: np.ndarray, person: Appearance) -> np.ndarray:
    """Brows towards the colour of the hair; thinner ones are covered with skin, thicker ones painted."""
    there = masks.brows(26) * np.clip(1.25 * (1 - face.mean(-1) / tone.mean()), 0, 1)
    colour = 0.7 * np.minimum(hair, 0.6 * tone)
    if person.brows < 0:
        face = _over(face, tone, -1.2 * person.brows * there)
    face = _over(face, colour, 0.6 * there)
    return _over(face, colour, 0.8 * max(person.brows, 0) * masks.brows(14)) if person.brows > 0 else face


def _bearded(rng: np.random.Generator, face: np.ndarray, hair: np.ndarray, person: Appearance) -> np.ndarray:
    """Beard shadow, stubble, moustache, goatee and beard in the colour of the hair."""
    noise = gaussian_filter(rng.normal(size=masks.FACE_PX).astype(np.float32), (1.6, 0.8)) * 3
    face = face * np.exp(-0.55 * person.stubble * masks.beard() * (1 + 0.5 * noise))[..., None] ** [1.05, 1.0, 0.9]
    grown = person.moustache * masks.moustache()
    grown = np.maximum(grown, person.goatee * masks.goatee())
    grown = np.maximum(grown, person.beard * masks.beard())
    strands = np.exp(0.35 * noise)[..., None]
    return _over(face, 0.8 * hair * strands, np.clip(1.25 * grown * (0.85 + 0.2 * noise), 0, 0.96))


def _eyes(rng: np.random.Generator, body: np.ndarray, avatar: Avatar, person: Appearance) -> None:
    """Paint iris and pupil around the foremost points of both eyes, in place."""
    if person.iris is None:
        return
    size = body.shape[0]
    spokes = rng.normal(0, 0.2, 48)
    for side in (-1, 1):
        mine = np.flatnonzero((avatar.kind == KINDS.index("eye")) & (np.sign(avatar.points[:, 0]) == side))
        if not len(mine):
            continue
        middle = avatar.uv[mine[avatar.points[mine, 2].argmax()]] % 1 * size
        reach = int(_IRIS * size * 1.6)
        corner = np.clip(np.round(middle).astype(int) - reach, 0, size - 2 * reach)
        patch = (slice(corner[1], corner[1] + 2 * reach), slice(corner[0], corner[0] + 2 * reach))
        row, column = np.mgrid[patch]
        away = np.hypot(column - middle[0], row - middle[1]) / (_IRIS * size)
        turn = np.arctan2(row - middle[1], column - middle[0])
        body[patch] = _iris(body[patch], away, np.interp(turn, np.linspace(-np.pi, np.pi, 48), spokes), person)


def _iris(under: np.ndarray, away: np.ndarray, spokes: np.ndarray, person: Appearance) -> np.ndarray:
    """A disc of radius 1 with spokes, a dark rim and a pupil, over the white."""
    assert person.iris is not None
    ring = np.exp(spokes) * (1.25 - 0.5 * away) * (1 - 0.75 * np.clip((away - 0.8) / 0.2, 0, 1))
    disc = repeat(ring, "h w -> h w c", c=3) * person.iris
    disc = _over(disc, np.full(3, 0.003), np.clip((person.pupil - away) / 0.12 + 0.5, 0, 1))
    return _over(under, disc, np.clip((1.0 - away) / 0.12 + 0.5, 0, 1))
