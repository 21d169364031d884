"""How a film's pictures, maps, sound and labels become bytes: formats that everybody reads, frame by frame."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
import soundfile
from einops import rearrange
from PIL import Image

from vasa.clock import CLOCK

QUALITY = 95  # of JPEG without subsampling: within one level of 255 of the picture on average


def picture_bytes(picture: np.ndarray) -> bytes:
    """[H, W, 3] uint8 as JPEG."""
    return _saved(picture, "JPEG", quality=QUALITY, subsampling=0)


def map_bytes(channels: np.ndarray) -> bytes:
    """[C, H, W] uint8 as one grey PNG, channels below each other, without loss."""
    return _saved(rearrange(channels, "c h w -> (c h) w"), "PNG", compress_level=1)


def sound_bytes(samples: np.ndarray) -> bytes:
    """[S] in [-1, 1] at the clock's rate as FLAC of 16 bit."""
    file = io.BytesIO()
    soundfile.write(file, samples, CLOCK.sample_rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def label_bytes(labels: Mapping[str, np.ndarray]) -> bytes:
    """Named arrays as a compressed npz."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **labels)
    return file.getvalue()


def picture_of(data: bytes) -> np.ndarray:
    """[H, W, 3] uint8."""
    return np.asarray(Image.open(io.BytesIO(data)))


def map_of(data: bytes, channels: int) -> np.ndarray:
    """[C, H, W] uint8."""
    return rearrange(np.asarray(Image.open(io.BytesIO(data))), "(c h) w -> c h w", c=channels)


def sound_of(data: bytes) -> np.ndarray:
    """[S] float32."""
    samples: np.ndarray = soundfile.read(io.BytesIO(data), dtype="float32")[0]
    return samples


def labels_of(data: bytes) -> dict[str, np.ndarray]:
    """Named arrays."""
    with np.load(io.BytesIO(data)) as found:
        return {name: found[name] for name in found.files}


def _saved(values: np.ndarray, format: str, **options: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, format, **options)
    return file.getvalue()
