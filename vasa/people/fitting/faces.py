"""Every face of a picture, each with 68 landmarks, as the face reader sees them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.nn.functional import interpolate

from vasa.face.crop import Crop
from vasa.face.points import MIRRORED
from vasa.face.reader_detector import Found, ReaderDetector

SMALLEST = 0.4  # of the largest face; smaller ones stand in the background
MAYBE = 0.2  # how surely a candidate has to be a face at the first look
SEARCHED_PX, SQUARE_PX = 1280, 768  # a longer picture is searched at this size; the square that textures come from
_NARROWEST_PX = 100  # of a crop; a face in it is about half as wide
_VIEWS = tuple((dx, dy, 1.0 + grow) for dx, dy in ((0, 0), (0.05, 0), (-0.05, 0), (0, 0.05)) for grow in (0.0, 0.12))


@dataclass(frozen=True)
class Face:
    """One face: the upright square around it, and what is read there, in crop units."""

    square: np.ndarray  # [S, S, 3] in [0, 1]
    points: np.ndarray  # [68, 2]
    confidence: np.ndarray  # [68]
    pose: np.ndarray  # [6], as `vasa.types.Motion` has it
    gaze: np.ndarray  # [2]
    blink: np.ndarray  # [2]
    identity: np.ndarray  # [I] of unit length


def find_faces(picture: Tensor, detector: ReaderDetector, *, sure: float = 0.65) -> list[Face]:
    """All faces of a picture [3, H, W] in [0, 1], from top to bottom; raises ValueError where there is none."""
    shrunk = min(1.0, SEARCHED_PX / max(picture.shape[-2:]))
    small = picture if shrunk == 1 else _resized(picture, shrunk)
    likely = _apart([face for crops in _upright(small, detector) for face in _glance(small, crops, detector)])
    found = _apart([face for face in detector.refined(small, [f.crop for f in likely]) if face.face >= sure])
    settled = detector.refined(small, [f.crop for f in detector.refined(small, [f.crop for f in found])])
    crops = [face.upright for face in _apart(settled)] or [detector(small)]
    largest = max(crop.size_px for crop in crops)
    kept = [crop for crop in crops if crop.size_px > SMALLEST * largest]
    rows = sorted(kept, key=lambda c: (c.y_px // largest, c.x_px))
    return [read_face(picture, Crop(c.x_px / shrunk, c.y_px / shrunk, c.size_px / shrunk), detector) for c in rows]


def _resized(picture: Tensor, share: float) -> Tensor:
    return interpolate(picture[None], scale_factor=share, mode="bilinear", antialias=True)[0]


def _close_up(picture: Tensor, crop: Crop) -> tuple[Tensor, Crop]:
    """The part of a picture around a crop, twice as wide, and the crop in it: less to look at."""
    height, width = picture.shape[-2:]
    left, top = (max(0, int(c - crop.size_px)) for c in (crop.x_px, crop.y_px))
    right, bottom = (min(n, int(c + crop.size_px)) for n, c in ((width, crop.x_px), (height, crop.y_px)))
    return picture[:, top:bottom, left:right], Crop(crop.x_px - left, crop.y_px - top, crop.size_px)


def _upright(picture: Tensor, detector: ReaderDetector) -> Iterator[Sequence[Crop]]:
    """The detector's proposals up to the first that are turned in the picture; those come last."""
    return takewhile(lambda crops: not any(crop.angle for crop in crops), detector.candidates(picture))


def _glance(picture: Tensor, crops: Sequence[Crop], detector: ReaderDetector) -> list[Found]:
    """Those of large enough crops that may be faces, at one look."""
    large = [crop for crop in crops if crop.size_px > _NARROWEST_PX]
    faces = detector.read(picture, large).face.tolist() if large else []
    return [Found(crop, face) for crop, face in zip(large, faces, strict=True) if face > MAYBE]


def _apart(found: Sequence[Found]) -> list[Found]:
    """The surest of those that lie on one another."""
    kept: list[Found] = []
    for face in sorted(found, key=lambda f: -f.face):
        near = (math.dist((face.crop.x_px, face.crop.y_px), (k.crop.x_px, k.crop.y_px)) for k in kept)
        if all(away > 0.4 * face.crop.size_px for away in near):
            kept.append(face)
    return kept


@torch.no_grad()
def read_face(picture: Tensor, crop: Crop, detector: ReaderDetector) -> Face:
    """Read a face in several crops and their mirror images, and take the median of what is seen."""
    picture, crop = _close_up(picture, crop)
    views = [
        Crop(crop.x_px + dx * crop.size_px, crop.y_px + dy * crop.size_px, grow * crop.size_px)
        for dx, dy, grow in _VIEWS
    ]
    straight = detector.read(picture, views)
    mirrored = detector.read(picture.flip(-1), [Crop(picture.shape[-1] - v.x_px, v.y_px, v.size_px) for v in views])
    back = mirrored.landmarks[:, list(MIRRORED)] * torch.tensor([-1.0, 1.0])
    seen = zip(views * 2, [*straight.landmarks, *back], strict=True)
    points = torch.stack([crop.to_crop(view.to_picture(p.cpu().double())) for view, p in seen])
    return Face(
        square=rearrange(crop.crop(picture, SQUARE_PX), "c h w -> h w c").double().cpu().numpy(),
        points=np.median(points.numpy(), axis=0),
        confidence=straight.confidence.mean(0).cpu().numpy(),
        pose=straight.pose[0].cpu().double().numpy(),
        gaze=(straight.gaze.mean(0) + mirrored.gaze.mean(0) * torch.tensor([-1.0, 1.0])).cpu().double().numpy() / 2,
        blink=((straight.blink.mean(0) + mirrored.blink.mean(0).flip(-1)) / 2).cpu().double().numpy(),
        identity=straight.identity[0].cpu().numpy(),
    )
