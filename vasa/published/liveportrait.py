"""LivePortrait (Guo et al., 2024): the renderer of KwaiVGI/LivePortrait, from its .pth files or safetensors copies."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from vasa import checkpoint
from vasa.config import instantiate, leaf
from vasa.published.originals import Made, Originals
from vasa.render.liveportrait.keys import HEADS, TABLES, converted
from vasa.whole import reason

BASE, HEADS_FOLDER = "liveportrait/base_models", "liveportrait/retargeting_models"
NETWORKS = tuple(name for name in TABLES if not name.startswith(HEADS))
FOLDERS = ("", BASE, HEADS_FOLDER, "base_models", "retargeting_models")  # where the files may lie in a folder
ORIGINALS = Originals(
    title="LivePortrait", licence="MIT", parts=("renderer",), hub="KwaiVGI/LivePortrait", megabytes=520,
    files=(*(f"{BASE}/{name}.pth" for name in NETWORKS), f"{HEADS_FOLDER}/{HEADS}.pth"),
)  # fmt: skip
JOINTS = {
    "detector": {
        "_target_": "vasa.face.framing.FramedDetector",
        "landmarks": {"_target_": "vasa.face.reader_detector.ReaderLandmarks"},
    },
    **{
        rule: {"_target_": "vasa.render.liveportrait.transfer.Relative.of", "region": "all"}
        for rule in ("video_transfer", "voice_transfer")
    },
}


def made_from(folder: Path) -> Made:
    """The renderer from the five published files; raises ValueError naming what is missing, damaged or foreign."""
    config = leaf("renderer", "liveportrait")
    renderer = instantiate(config)
    weights = converted(read(folder), renderer.state_dict(), folder)
    checkpoint.fill(renderer, weights, folder)
    return Made({"renderer": renderer.eval()}, {"renderer": config, **JOINTS})


def read(folder: Path) -> dict[str, Tensor]:
    """All published weights in a folder, named NETWORK/KEY; raises ValueError."""
    found = {name: _file(folder, name) for name in (*NETWORKS, HEADS)}
    missing = [f"{name}.pth" for name, file in found.items() if file is None]
    if missing:
        raise ValueError(f"LivePortrait's files are not all in {folder}: it has no {', no '.join(missing)}; add them.")
    return {name: value for file in found.values() if file for name, value in _named(file, _loaded(file))}


def _file(folder: Path, name: str) -> Path | None:
    places = (folder / inside / f"{name}{suffix}" for inside in FOLDERS for suffix in (".safetensors", ".pth"))
    return next((place for place in places if place.is_file()), None)


def _loaded(file: Path) -> dict[str, Any]:
    """What is in a file; tensors only, nothing in it is run."""
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"{file} is damaged or no file of weights ({reason(error)[:80]}); fetch it again.") from error
    if not isinstance(weights, dict):
        raise ValueError(f"{file} holds a {type(weights).__name__}, not LivePortrait's weights; fetch it again.")
    return weights


def _named(file: Path, weights: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """Weights as NETWORK/KEY: the three heads share one file, nested in .pth, by prefix in safetensors."""
    flat = {f"{head}.{key}": value for head, inner in weights.items() if isinstance(inner, dict)
            for key, value in inner.items()} or weights  # fmt: skip
    for key, value in flat.items():
        if not isinstance(value, Tensor):
            raise ValueError(f"{file} holds something else than weights at {key!r}; fetch it again.")
        yield (_head_key(key) if file.stem == HEADS else f"{file.stem}/{key}"), value


def _head_key(key: str) -> str:
    head, _, rest = key.partition(".")
    return f"{HEADS}.{head.removesuffix('_module')}/{rest.removeprefix('module.')}"
