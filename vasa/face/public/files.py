"""Weights of public networks: a file, a folder or a repository of the Hugging Face hub, in their published formats."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from rich.console import Console
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from vasa.face.heads import cells
from vasa.whole import reason

ENDINGS = (".safetensors", ".pth", ".pt", ".pkl")
PATTERNS = tuple(f"*{ending}" for ending in ENDINGS)


def told(title: str, licence: str) -> None:
    """Say on stderr what is loaded and under which terms."""
    Console(stderr=True, highlight=False).print(f"{title}. Its licence: {licence}.")


def weights(source: Path | str, *, title: str) -> dict[str, Tensor]:
    """The state dict in a file, in the one such file of a folder, or of a hub repository; raises ValueError."""
    place = Path(source)
    if not place.exists():
        place = hub_folder(str(source), title=title)
    files = [place] if place.is_file() else [file for pattern in PATTERNS for file in sorted(place.glob(pattern))]
    if not files:
        raise ValueError(f"{source} has no weights of {title}: a file that ends in {', '.join(ENDINGS)}.")
    return _read(files[0], title)


def hub_folder(name: str, *, title: str, patterns: Sequence[str] = PATTERNS) -> Path:
    """A repository of the hub, fetched once; raises ValueError where it cannot be had."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=[*patterns]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ValueError(
            f"{title} is not at {name!r}, and the hub did not give it ({reason(error)}); name its file or folder."
        ) from error


def cut(picture: Tensor, *, size: int, half: float, below: float = 0.0) -> Tensor:
    """The square of 2 `half` crop units about (0, `below`) of faces [B, 3, H, H] -> [B, 3, size, size].

    Public networks were trained on closer cuts than a renderer's crop.
    """
    side = max(size, round(half * picture.shape[-1]))
    places = cells(side, side, like=picture) * half + picture.new_tensor([0.0, below])
    grid = places.unflatten(0, (side, side)).expand(len(picture), -1, -1, -1)
    seen = F.grid_sample(picture, grid, align_corners=False, padding_mode="border")
    return F.interpolate(seen, (size, size), mode="bilinear", antialias=True) if side > size else seen


def normalised(picture: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """[B, 3, H, W] in [0, 1] with the mean and the spread that a network was trained with."""
    centre, spread = (picture.new_tensor(list(row))[:, None, None] for row in (mean, std))
    return (picture - centre) / spread


def _read(file: Path, title: str) -> dict[str, Tensor]:
    try:
        found = load_file(file) if file.suffix == ".safetensors" else torch.load(file, "cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise ValueError(
            f"{file} is a pickled program, which vasa does not run; load it where you trust it, and save its "
            "state_dict() as .safetensors or .pth."
        ) from None
    except (SafetensorError, RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"{file} is damaged or holds no weights of {title}; fetch it again.") from error
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise ValueError(f"{file} holds something else than the weights of {title}; save its state_dict() alone.")
    return {name.removeprefix("module."): value for name, value in found.items()}
