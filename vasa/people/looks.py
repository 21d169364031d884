"""Light, backdrop and camera of one clip."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from vasa.people.actor import Look
from vasa.people.person import Person

HEAD_WIDTH = 0.88  # canonical units
_SIDE = 64  # of a backdrop, pixels


def look(rng: np.random.Generator, who: Person) -> Look:
    """A studio for one clip of a person."""
    cast = np.exp(rng.normal(0, 0.06, 3))
    exposure = np.exp(rng.normal(0, 0.12))
    power = np.array([rng.uniform(0.45, 0.85), rng.uniform(0.1, 0.4), rng.uniform(0.0, 0.4)])
    colours = power[:, None] * np.exp(rng.normal(0, 0.08, (3, 3))) * cast * exposure
    low, high = sorted(rng.uniform(0.15, 0.42, 2))
    ambient = np.array([[low], [high]]) * np.exp(rng.normal(0, 0.08, (2, 3))) * cast * exposure
    return Look(
        skin=who.skin,
        hair=who.hair,
        clothes=who.clothes,
        lamps=_lamps(rng),
        colours=colours,
        ambient=ambient,
        gloss=float(rng.uniform(0.02, 0.14)),
        backdrop=backdrop(rng),
        distance=float(HEAD_WIDTH * rng.uniform(6, 12)),
    )


def _lamps(rng: np.random.Generator) -> np.ndarray:
    """Directions of a key lamp in front, a fill on the other side and a rim behind: [3, 3]."""
    side = rng.choice([-1.0, 1.0])
    azimuth = np.array([side * rng.uniform(0.1, 1.2), -side * rng.uniform(0.3, 1.3), rng.uniform(2.2, 4.1)])
    height = np.array([rng.uniform(-0.1, 0.9), rng.uniform(-0.2, 0.5), rng.uniform(0.2, 1.0)])
    flat = np.cos(height)
    return np.stack([np.sin(azimuth) * flat, np.sin(height), np.cos(azimuth) * flat], axis=-1)


def backdrop(rng: np.random.Generator) -> np.ndarray:
    """What is behind the person: plain, a gradient, or something out of focus; [64, 64, 3] uint8."""
    first, second = rng.uniform(0.03, 0.97, (2, 3))
    grey = rng.uniform(0.25, 1.0)
    first, second = ((1 - grey) * c + grey * c.mean() for c in (first, second))
    kind = rng.choice(3, p=[0.2, 0.25, 0.55])
    if kind == 0:
        mix = np.zeros((_SIDE, _SIDE, 1))
    elif kind == 1:
        angle = rng.uniform(0, 2 * np.pi)
        y, x = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j]
        mix = np.clip(0.5 + 0.5 * (np.cos(angle) * x + np.sin(angle) * y), 0, 1)[..., None]
    else:
        return _blurred(rng, first, second)
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


def _to_bytes(colour: np.ndarray) -> np.ndarray:
    return np.round(np.clip(colour, 0, 1) * 255).astype(np.uint8)
