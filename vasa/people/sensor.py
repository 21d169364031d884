"""What cameras and files do to pictures: blur, noise, and loss by JPEG or H.264. Labels stay as they are."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from vasa.media.recoding import recoded

Coding = Literal["none", "jpeg", "h264"]
CODINGS: tuple[Coding, ...] = get_args(Coding)


@dataclass(frozen=True)
class Sensor:
    """One clip's camera and file."""

    blur_px: float  # standard deviation
    noise: float  # standard deviation at middle grey, of 255
    coding: Coding
    quality: int  # of JPEG 1 to 95; of H.264 the rate factor 0 to 51, where higher is worse
    seed: int  # of the noise


def sensor(rng: np.random.Generator) -> Sensor:
    """Draw a camera: a quarter are sharp, a quarter without noise, a third without loss."""
    blur = 0.0 if rng.random() < 0.25 else rng.uniform(0.2, 0.9)
    noise = 0.0 if rng.random() < 0.25 else rng.uniform(0.5, 6.0)
    coding = CODINGS[rng.integers(3)]
    quality = int(rng.integers(50, 95)) if coding == "jpeg" else int(rng.integers(18, 34))
    return Sensor(float(blur), float(noise), coding, quality if coding != "none" else 0, int(rng.integers(2**31)))


def sense(frames: np.ndarray, camera: Sensor) -> np.ndarray:
    """Pictures [T, H, W, 3] uint8 as this camera would have written them."""
    rng = np.random.default_rng(camera.seed)
    seen = np.stack([_exposed(frame, camera, rng) for frame in frames])
    if camera.coding == "jpeg":
        return np.stack([_jpeg(frame, camera.quality) for frame in seen])
    return recoded(seen, rate_factor=camera.quality) if camera.coding == "h264" else seen


def _exposed(frame: np.ndarray, camera: Sensor, rng: np.random.Generator) -> np.ndarray:
    light = frame.astype(np.float32)
    if camera.blur_px:
        light = gaussian_filter(light, (camera.blur_px, camera.blur_px, 0))
    if camera.noise:  # photons: its variance grows with the light
        light += camera.noise * np.sqrt((light + 8) / 136) * rng.standard_normal(light.shape, np.float32)
    return np.round(np.clip(light, 0, 255)).astype(np.uint8)


def _jpeg(frame: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
