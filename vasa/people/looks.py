"""Light, backdrop and camera of one clip, whoever is in it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from vasa.people.actor import Look

HEAD_WIDTH = 0.88  # canonical units
_SIDE = 64  # of a backdrop, pixels
_NEAREST, _FARTHEST = 4.5, 15.0  # of cameras, in head widths: an arm's length to a long lens
_BRIGHTEST = 1.25  # light on a white wall; more is lost
_LENS_TINT = (0.9, 0.12, 0.45)  # how many glasses are clear; what clear and dark ones hold back at most


def look(rng: np.random.Generator) -> Look:
    """A studio for one clip."""
    cast = np.exp(rng.normal(0, 0.08, 3))
    exposure = np.exp(rng.normal(0, 0.16))
    flat = rng.random()  # 0: lamps alone, 1: a grey day
    power = np.array([rng.uniform(0.45, 1.0), rng.uniform(0.05, 0.4), rng.uniform(0.0, 0.4)]) * (1.1 - 0.7 * flat)
    warmth = np.outer(rng.normal(0, 0.12, 3), [1, 0, -1])
    sky = _sky(rng, 0.2 + 0.35 * flat)
    exposure *= min(1.0, _BRIGHTEST / (exposure * (power[0] + sky[0].mean())))
    colours = power[:, None] * np.exp(warmth + rng.normal(0, 0.05, (3, 3))) * cast * exposure
    return Look(
        lamps=_lamps(rng),
        colours=colours,
        sky=sky * cast * exposure,
        gloss=float(rng.uniform(0.03, 0.2)),
        backdrop=backdrop(rng),
        distance=float(HEAD_WIDTH * np.exp(rng.uniform(np.log(_NEAREST), np.log(_FARTHEST)))),
        glare=_glare(rng),
    )


def _sky(rng: np.random.Generator, strength: float) -> np.ndarray:
    """Light from all around, brighter above than below on most days, with windows and walls: [9, 3]."""
    sky = np.zeros((9, 3))
    sky[0] = strength * np.exp(rng.normal(0, 0.1, 3))
    sky[1] = sky[0] * rng.normal(0.2, 0.2) * np.exp(rng.normal(0, 0.1, 3))
    sky[2:4] = sky[0] * rng.normal(0, 0.2, (2, 1)) * np.exp(rng.normal(0, 0.15, (2, 3)))
    sky[4:] = sky[0] * rng.normal(0, 0.06, (5, 1)) * np.exp(rng.normal(0, 0.15, (5, 3)))
    return sky


def _glare(rng: np.random.Generator) -> np.ndarray:
    """Colour of the lenses of whoever wears some, and how much they hold back: [4]."""
    clear, least, most = _LENS_TINT
    if rng.random() < clear:
        return np.array([*rng.uniform(0.3, 0.8, 3), rng.uniform(0.0, least)])
    return np.array([*rng.uniform(0.02, 0.25, 3), rng.uniform(least, most)])


def _lamps(rng: np.random.Generator) -> np.ndarray:
    """Directions of a key lamp in front, a fill on the other side and a rim behind: [3, 3]."""
    side = rng.choice([-1.0, 1.0])
    azimuth = np.array([side * rng.uniform(0.0, 1.4), -side * rng.uniform(0.3, 1.3), rng.uniform(2.2, 4.1)])
    height = np.array([rng.uniform(-0.1, 1.0), rng.uniform(-0.2, 0.5), rng.uniform(0.2, 1.0)])
    flat = np.cos(height)
    return np.stack([np.sin(azimuth) * flat, np.sin(height), np.cos(azimuth) * flat], axis=-1)


def backdrop(rng: np.random.Generator) -> np.ndarray:
    """What is behind the person: plain, a gradient, something out of focus, a room, noise; [64, 64, 3] uint8."""
    first, second = rng.uniform(0.03, 0.97, (2, 3))
    grey = rng.uniform(0.4, 1.0)
    first, second = ((1 - grey) * c + grey * c.mean() for c in (first, second))
    kind = rng.choice(5, p=[0.18, 0.2, 0.33, 0.27, 0.02])
    if kind == 0:
        mix = np.zeros((_SIDE, _SIDE, 1))
    elif kind == 1:
        angle = rng.uniform(0, 2 * np.pi)
        y, x = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j]
        mix = np.clip(0.5 + 0.5 * (np.cos(angle) * x + np.sin(angle) * y), 0, 1)[..., None]
    elif kind == 2:
        return _blurred(rng, first, second)
    elif kind == 3:
        return _room(rng, first, second)
    else:
        return _to_bytes(first + rng.uniform(0.05, 0.3) * rng.normal(size=(_SIDE, _SIDE, 3)))
    return _to_bytes(first + mix * (second - first))


def _blurred(rng: np.random.Generator, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Blobs and blocks out of focus, around two colours."""
    canvas = np.broadcast_to(first, (_SIDE, _SIDE, 3)).copy()
    for _ in range(rng.integers(5, 25)):
        top, left = rng.integers(0, _SIDE, 2)
        tall, broad = rng.integers(3, 40, 2)
        tone = second + rng.normal(0, 0.15, 3) if rng.random() < 0.6 else rng.uniform(0, 1) + rng.normal(0, 0.12, 3)
        canvas[top : top + tall, left : left + broad] = tone
    canvas += rng.normal(0, 0.12, canvas.shape)
    return _to_bytes(gaussian_filter(canvas, (*(rng.uniform(1.0, 5.0),) * 2, 0), mode="reflect"))


def _room(rng: np.random.Generator, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A wall with panels, shelves, a window or a lamp, straight lines in light from one side."""
    canvas = np.broadcast_to(first, (_SIDE, _SIDE, 3)).copy()
    canvas[rng.integers(30, 60) :] = second * rng.uniform(0.4, 1.0)
    for _ in range(rng.integers(1, 4)):
        top, left = rng.integers(0, 40, 2)
        tall, broad, step = rng.integers(8, 40), rng.integers(8, 40), rng.integers(3, 12)
        canvas[top : top + tall, left : left + broad] = second + rng.normal(0, 0.12, 3)
        stripe = slice(top, top + tall, step), slice(left, left + broad)
        canvas[stripe if rng.random() < 0.5 else stripe[::-1]] = np.clip(first * rng.uniform(0.3, 1.6), 0, 1)
    if rng.random() < 0.4:
        top, left = rng.integers(0, 40, 2)
        canvas[top : top + rng.integers(8, 30), left : left + rng.integers(6, 24)] = rng.uniform(0.85, 1.1)
    canvas *= np.linspace(rng.uniform(0.6, 1.15), rng.uniform(0.6, 1.15), _SIDE)[None, :, None]
    return _to_bytes(gaussian_filter(canvas, (*(rng.uniform(0.3, 2.0),) * 2, 0), mode="reflect"))


def _to_bytes(colour: np.ndarray) -> np.ndarray:
    return np.round(np.clip(colour, 0, 1) * 255).astype(np.uint8)
