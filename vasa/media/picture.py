"""Pictures in and out, through Pillow."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from einops import rearrange, repeat
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from vasa.media.files import Source, existing_file, writable_file
from vasa.whole import beside

BEHIND = 0.5  # grey that shows where a picture is transparent

Picture = Source | bytes | Image.Image | np.ndarray | Tensor


def load_picture(source: Picture) -> Tensor:
    """A picture as [3, H, W] in [0, 1], upright, with mid-grey behind what is transparent.

    source: a file (PNG, JPEG, WebP, whatever Pillow reads) or the bytes of one; a PIL picture; an array [H, W] or
    [H, W, 1 | 2 | 3 | 4] of bytes, 16-bit numbers, booleans, or floats in [0, 1]; a tensor [3, H, W] or [1, H, W] of
    bytes or floats in [0, 1].
    Raises FileNotFoundError and ValueError.
    """
    if isinstance(source, Tensor):
        return _from_tensor(source)
    if isinstance(source, np.ndarray):
        return _from_array(source, "The array")
    if isinstance(source, Image.Image):
        return _from_pil(source, "The picture")
    if isinstance(source, bytes):
        return _opened(BytesIO(source), "What these bytes hold")
    file = existing_file(source)
    return _opened(file, str(file))


def save_picture(picture: Tensor, path: Source) -> None:
    """Write [3, H, W] in [0, 1] as .png, .jpg, .jpeg or .webp; raises ValueError and OSError."""
    file = writable_file(path, (".png", ".jpg", ".jpeg", ".webp"))
    image = to_pil(picture)
    try:
        with beside(file) as meanwhile:
            image.save(meanwhile, quality=95)
    except OSError as error:
        raise OSError(f"{file} could not be written: {error.strerror or error}.") from error


def to_pil(picture: Tensor) -> Image.Image:
    """[3, H, W] in [0, 1] as a PIL picture; raises ValueError."""
    pixels = (_from_tensor(picture.detach()) * 255).round().to(torch.uint8)
    return Image.fromarray(rearrange(pixels, "c h w -> h w c").cpu().numpy())


def _opened(file: Path | BytesIO, name: str) -> Tensor:
    try:
        with Image.open(file) as image:
            return _from_pil(image, name)
    except UnidentifiedImageError:
        raise ValueError(f"{name} is not a picture that can be read; PNG, JPEG and WebP work.") from None
    except Image.DecompressionBombError:
        raise ValueError(f"{name} has too many pixels; make it smaller first.") from None
    except (OSError, SyntaxError) as error:
        raise ValueError(f"{name} is a damaged picture: {str(error).rstrip('.')}.") from None


def _from_pil(image: Image.Image, name: str) -> Tensor:
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        return _from_array(np.asarray(image).astype(np.uint16), name)
    if image.mode == "F":
        return _from_array(np.asarray(image), name)
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    return _from_array(np.asarray(image.convert("RGBA" if has_alpha else "RGB")), name)


def _from_array(array: np.ndarray, name: str) -> Tensor:
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 2, 3, 4):
        raise ValueError(f"{name} has shape {array.shape}; a picture is [H, W] or [H, W, C] with C = 1, 2, 3 or 4.")
    channels = rearrange(torch.from_numpy(_in_unit_range(array, name)), "h w c -> c h w")
    if len(channels) in (2, 4):
        channels = channels[:-1] * channels[-1:] + BEHIND * (1 - channels[-1:])
    return _checked(channels, name)


def _in_unit_range(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype == np.bool_ or np.issubdtype(array.dtype, np.floating):
        return array.astype(np.float32)
    if array.dtype in (np.uint8, np.uint16):
        return array.astype(np.float32) / np.iinfo(array.dtype).max
    raise ValueError(f"{name} holds {array.dtype}; a picture holds uint8, uint16, or floats in [0, 1].")


def _from_tensor(picture: Tensor) -> Tensor:
    if picture.ndim != 3 or picture.shape[0] not in (1, 3):
        raise ValueError(f"The tensor has shape {tuple(picture.shape)}; a picture is [3, H, W] or [1, H, W].")
    if picture.dtype == torch.uint8:
        return _checked(picture.float() / 255, "The tensor")
    if not picture.is_floating_point():
        raise ValueError(f"The tensor holds {picture.dtype}; a picture holds uint8 or floats in [0, 1].")
    return _checked(picture.float(), "The tensor")


def _checked(channels: Tensor, name: str) -> Tensor:
    if channels.numel() == 0:
        raise ValueError(f"{name} has no pixels.")
    if not torch.isfinite(channels).all():
        raise ValueError(f"{name} holds NaN or infinite values; a picture holds numbers in [0, 1].")
    low, high = channels.min().item(), channels.max().item()
    if low < -1e-3 or high > 1 + 1e-3:
        raise ValueError(f"{name} holds values from {low:g} to {high:g}; floats of a picture lie in [0, 1].")
    return repeat(channels[0], "h w -> c h w", c=3) if len(channels) == 1 else channels.clamp(0, 1)
