"""Where pipelines lie: a shipped name, a folder, or a repository of the Hugging Face hub.

A pipeline is a folder with one checkpoint for each part: NAME/{renderer,motion,audio}/{config.yaml,model.safetensors}.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from torch import nn

from vasa import checkpoint

PARTS = ("renderer", "motion", "audio")
SHIPPED = Path(__file__).parent / "weights"
Config = DictConfig | dict[str, Any]  # a `_target_` tree
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def find(name: Path | str) -> Path:
    """The folder of a pipeline; raises ValueError where there is none, with the names that exist."""
    shipped, given = SHIPPED / str(name), Path(name)
    if str(name) in names():
        return shipped
    if is_pipeline(given):
        return given
    if given.is_dir():
        missing = [part for part in PARTS if not (given / part / checkpoint.CONFIG).is_file()]
        raise ValueError(f"The folder {given} is no pipeline: it has no {' and no '.join(missing)}.")
    if HUB_NAME.fullmatch(str(name)):
        return download(str(name))
    raise ValueError(
        f"There is no model named {str(name)!r}; there are: {', '.join(names())}. A folder or a hub id is taken too."
    )


def names() -> list[str]:
    """The pipelines that ship with the package."""
    return sorted(folder.name for folder in SHIPPED.glob("*") if is_pipeline(folder))


def is_pipeline(folder: Path) -> bool:
    """Whether a folder has a checkpoint for every part."""
    return all((folder / part / checkpoint.CONFIG).is_file() for part in PARTS)


def download(name: str) -> Path:
    """A pipeline of the hub, configurations and safetensors only; raises ValueError where it cannot be had."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, allow_patterns=["*.yaml", "*.safetensors"]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"No model {name!r} here, and the hub did not give it ({reason}); shipped are: {', '.join(names())}."
        ) from error
    if not is_pipeline(folder):
        raise ValueError(f"The hub's {name!r} is no vasa pipeline: it needs the folders {', '.join(PARTS)}.")
    return folder


def save(folder: Path | str, parts: Mapping[str, nn.Module], configs: Mapping[str, Config]) -> None:
    """Write a pipeline beside its place, then rename it; raises ValueError where something is already there."""
    place = Path(folder)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ValueError(f"{place} is already there; save to a new folder, or remove it first.")
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}."))
    try:
        for part, model in parts.items():
            checkpoint.save(beside / part, model, configs[part])
        beside.chmod(0o755)
        os.replace(beside, place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
