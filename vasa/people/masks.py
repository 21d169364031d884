"""Where on VALID's texture layout the parts of a face are: soft masks made from the landmarks' places."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from vasa.people.landmarks import places

FACE_PX = (560, 672)  # height and width of the face's corner in a texture of 1024 px
_PX = 1024
Points = list[tuple[float, float]]


def _points(*which: int, right: float = 0, down: float = 0) -> Points:
    return [(float(u) + right, float(v) + down) for u, v in places()[list(which)] * _PX]


def _area(*shapes: Points, blur: float) -> np.ndarray:
    """Filled outlines: [H, W] in 0 to 1."""
    canvas = Image.new("L", FACE_PX[::-1])
    for outline in shapes:
        ImageDraw.Draw(canvas).polygon(outline, fill=255)
    return gaussian_filter(np.asarray(canvas, np.float32) / 255, blur)


def strokes(*lines: Points, width: int, blur: float) -> np.ndarray:
    """Lines of a width: [H, W] in 0 to 1."""
    canvas = Image.new("L", FACE_PX[::-1])
    for line in lines:
        ImageDraw.Draw(canvas).line(line, fill=255, width=width, joint="curve")
    return gaussian_filter(np.asarray(canvas, np.float32) / 255, blur)


def spots(*middles: tuple[float, float, float]) -> np.ndarray:
    """Soft round spots at x, y with a radius: [H, W] in 0 to 1."""
    y, x = np.mgrid[: FACE_PX[0], : FACE_PX[1]].astype(np.float32)
    return np.max([np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * r * r)) for u, v, r in middles], axis=0)


@cache
def lips() -> np.ndarray:
    return _area(_points(*range(48, 60)), blur=2.5)


@cache
def brows(thick: int) -> np.ndarray:
    """Both brows, so many pixels thick in the middle."""
    lines = [_points(*range(17, 22), down=6), _points(*range(22, 27), down=6)]
    return strokes(*lines, width=thick, blur=3.0)


@cache
def lids() -> np.ndarray:
    """Between upper rims of the eyes and brows."""
    one = _points(36, 37, 38, 39) + _points(21, 20, 19, 18, down=14)
    other = _points(42, 43, 44, 45) + _points(25, 24, 23, 22, down=14)
    return _area(one, other, blur=5)


@cache
def liner() -> np.ndarray:
    return strokes(_points(36, 37, 38, 39), _points(42, 43, 44, 45), width=5, blur=1.2)


@cache
def cheeks() -> np.ndarray:
    return spots((232, 318, 34), (436, 318, 34))


@cache
def flush() -> np.ndarray:
    """Cheeks, nose and chin."""
    return np.maximum(cheeks(), spots((334, 285, 20), (334, 432, 22)) * 0.8)


@cache
def moustache() -> np.ndarray:
    top = _points(48, right=-12, down=6) + _points(31, down=6) + _points(33, down=8) + _points(35, down=6)
    return _area(top + _points(54, right=12, down=6) + _points(53, 52, 51, 50, 49), blur=4)


@cache
def goatee() -> np.ndarray:
    rim = _points(48, right=-10) + _points(59, 58, 57, 56, 55, down=4) + _points(54, right=10)
    return _area([*rim, (404, 440), (372, 466), (334, 472), (296, 466), (264, 440)], blur=6)


@cache
def beard() -> np.ndarray:
    """Jaw, cheeks' lower half and upper lip."""
    jaw: Points = [(150, 280), (150, 340), (172, 400), (210, 450), (268, 488), (334, 496)]
    jaw += [(668 - u, v) for u, v in reversed(jaw[:-1])]
    top: Points = [(500, 300), (480, 352), (430, 372)]
    top += _points(54, right=14) + _points(35, down=8) + _points(33, down=10) + _points(31, down=8)
    top += [*_points(48, right=-14), (238.0, 372.0), (188.0, 352.0), (168.0, 300.0)]
    hair = _area(jaw + top, blur=9) * (1 - np.clip(1.4 * lips(), 0, 1))
    return np.asarray(np.maximum(hair, moustache() * 0.9))


@cache
def crop() -> np.ndarray:
    """Where short hair grows: [H, W], with an uneven edge."""
    half: Points = [(334, 106), (280, 110), (224, 124), (188, 150), (174, 192), (167, 240), (151, 246), (146, 214)]
    half += [(128, 216), (118, 290), (108, 380), (96, 430), (0, 430), (0, 0), (334, 0)]
    soft = _area(half, [(668 - u, v) for u, v in half], blur=5)
    noise = np.random.default_rng(0).normal(size=FACE_PX)
    uneven = soft + 0.5 * gaussian_filter(noise, (5, 1)) + 0.5 * gaussian_filter(noise, 4)
    return gaussian_filter((uneven > 0.5).astype(np.float32), 1.2)


@cache
def wrinkles() -> tuple[np.ndarray, np.ndarray]:
    """Those that come early (folds beside nose and mouth, under the eyes) and those that come late."""
    fold: Points = [(284, 300), (268, 322), (258, 348), (254, 372)]
    under: Points = [(236, 240), (255, 248), (276, 246)]
    crow = [[(214.0, 212.0 + 9 * i), (196.0, 204.0 + 15 * i)] for i in range(3)]
    brow = [[(232.0 + 4 * i, 104.0 + 20 * i), (285.0, 98.0 + 20 * i), (334.0, 103.0 + 20 * i)] for i in range(3)]
    frown: Points = [(321, 178), (324, 200)]
    early, late = (_both([fold, under], 4, 2.5), _both([*crow, *brow, frown], 2, 1.3))
    return early, late


def _both(lines: list[Points], width: int, blur: float) -> np.ndarray:
    mirrored = [[(668 - u, v) for u, v in line] for line in lines]
    return strokes(*lines, *mirrored, width=width, blur=blur)
