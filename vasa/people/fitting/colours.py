"""Colours of eyes and hair, taken from the picture."""

from __future__ import annotations

import numpy as np
from einops import rearrange

from vasa.face.points import LEFT_EYE, RIGHT_EYE
from vasa.people.avatar import Avatar
from vasa.people.colours import face_colour
from vasa.people.fitting.faces import Face
from vasa.people.fitting.polygon import inside
from vasa.people.fitting.shares import smooth
from vasa.people.fitting.solve import Fit, project
from vasa.people.fitting.warp import bend, sample
from vasa.people.regions import crown_colour

_IRISES = np.array([[0.1421, 0.0574], [0.5093, 0.0574]])  # texture coordinates of their middles in VALID's layout
_IRIS_UV, _PUPIL = 0.018, 0.4  # radius in texture coordinates, and the pupil's share of it
_IRIS_RADIUS = 0.041  # canonical units
_WHITES, _FEWEST = (0.65, 0.95), 40  # quantiles of brightness in open eyes; pixels
_RESTRAINT = 0.75
_WHITE = (1.5, 2.4)  # radii of the irises between which an eyeball is white
_DIMMEST, _SHADED = 0.2, 0.8  # of eyes and teeth; how much of what dims them is light, rather than the lids' shadow


def dim_wet(face: Face, texture: np.ndarray, wet: np.ndarray) -> np.ndarray:
    """The texture [H, W, 3] uint8 whose eyes and teeth, where `wet` [H, W] is 1, are as bright as the picture's eyes.

    A dim picture makes dim skin; white eyes would shine in it. Shut eyes tell nothing and change nothing.
    """
    seen = _white_seen(face)
    if seen is None:
        return texture
    size = texture.shape[0]
    v, u = (np.mgrid[:size, :size] + 0.5) / size
    away = np.min([np.hypot(u - m[0], v - m[1]) for m in _IRISES], axis=0) / _IRIS_UV
    linear = (texture / 255.0) ** 2
    own = np.median(linear[(away > _WHITE[0]) & (away < _WHITE[1])], axis=0)
    gain = np.clip(seen / own.clip(1e-3), _DIMMEST, 1) ** _SHADED
    dimmed = linear * (1 + wet[..., None] * (gain - 1))
    return np.round(255 * np.sqrt(dimmed)).astype(np.uint8)


def _white_seen(face: Face) -> np.ndarray | None:
    """Linear colour [3] of the white of the eyes in the picture; None where they are shut or few pixels wide."""
    if face.blink.max() > 0.6:
        return None
    size = len(face.square)
    row, column = np.mgrid[:size, :size]
    places = rearrange(np.stack([column, row]) + 0.5, "xy y x -> (y x) xy") / size * 2 - 1
    open_ = inside(places, face.points[RIGHT_EYE]) | inside(places, face.points[LEFT_EYE])
    colours = rearrange(face.square, "y x c -> (y x) c")[open_] ** 2
    if len(colours) < _FEWEST:
        return None
    bright = colours.sum(1)
    low, high = np.quantile(bright, _WHITES)
    return np.asarray(np.median(colours[(bright >= low) & (bright <= high)], axis=0))


def tint_irises(avatar: Avatar, fit: Fit, face: Face, texture: np.ndarray) -> np.ndarray:
    """The texture [H, W, 3] uint8 with irises in the picture's colour; as it was where the eyes are shut."""
    colour = _iris_colour(avatar, fit, face)
    if colour is None:
        return texture
    size = texture.shape[0]
    v, u = (np.mgrid[:size, :size] + 0.5) / size
    dyed = (texture / 255.0) ** 2
    for middle in _IRISES:
        radius = np.hypot(u - middle[0], v - middle[1]) / _IRIS_UV
        ring = smooth(radius, (_PUPIL, _PUPIL + 0.15)) * (1 - smooth(radius, (0.85, 1.05)))
        iris = ring > 0.5
        bright = dyed.sum(-1, keepdims=True)
        usual = np.median(bright[iris])
        painted = colour * (0.35 + 0.65 * np.clip(bright / max(usual, 1e-3), 0, 2.5))
        dyed += _RESTRAINT * ring[..., None] * (painted - dyed)
    return np.round(255 * np.sqrt(dyed.clip(0, 1))).astype(np.uint8)


def _iris_colour(avatar: Avatar, fit: Fit, face: Face) -> np.ndarray | None:
    """Linear colour [3] of what is neither pupil nor highlight nor white in the visible rings."""
    if face.blink.max() > 0.6:
        return None
    parts = fit.placed(avatar, face.gaze).parts[0]
    around, rings = np.linspace(0, 2 * np.pi, 24, endpoint=False), np.array([0.5, 0.62, 0.74])
    low = np.sin(around) < 0.3  # the upper lid's shadow and lashes cover the rest
    flat = np.stack([np.cos(around[low]), np.sin(around[low]), np.zeros(low.sum())], axis=1)
    circle = np.concatenate([flat * _IRIS_RADIUS * r for r in rings])
    colours = []
    for eye in (2, 3):
        front = avatar.joints[eye] + circle + [0, 0, 0.08]
        where = project(front @ parts[eye, :3, :3].T + parts[eye, :3, 3], fit.distance)
        colours.append(sample(face.square, bend(avatar, fit, face, where)) ** 2)
    found = np.concatenate(colours)
    bright = found.sum(1)
    middle = (bright > np.quantile(bright, 0.2)) & (bright < np.quantile(bright, 0.7))
    return np.median(found[middle], axis=0)


def tint_hair(avatar: Avatar, textures: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Textures [2, H, W, 3] uint8 whose hair has this linear colour [3], its strands kept."""
    dyed = textures.copy()
    if (avatar.layer == 1).any():
        dyed[1] = _dyed(textures[1], np.ones(textures.shape[1:3]), colour)
        return dyed
    crown = crown_colour(avatar)
    own = avatar.textures[0].astype(np.float64)
    size = own.shape[0]
    v, u = (np.mgrid[:size, :size] + 0.5) / size
    head = (v < 0.45) & (u < 0.65) & ~((np.abs(u - 0.3258) < 0.15) & (v > 0.16))
    skin = face_colour(avatar)
    nearer = np.linalg.norm(own - skin, axis=-1) - np.linalg.norm(own - crown, axis=-1)
    eyes = np.min([np.hypot(u - m[0], v - m[1]) for m in _IRISES], axis=0) < 0.06
    share = smooth(nearer / np.linalg.norm(skin - crown).clip(1), (-0.2, 0.4)) * (head & ~eyes)
    dyed[0] = _dyed(textures[0], share, colour)
    return dyed


def _dyed(texture: np.ndarray, share: np.ndarray, colour: np.ndarray) -> np.ndarray:
    linear = (texture / 255.0) ** 2
    bright = linear.sum(-1, keepdims=True)
    usual = max(float(np.median(bright[share > 0.5])), 1e-3)
    painted = colour * np.clip(bright / usual, 0.05, 4) ** 0.7
    mixed = linear + share[..., None] * (painted - linear)
    return np.round(255 * np.sqrt(mixed.clip(0, 1))).astype(np.uint8)
