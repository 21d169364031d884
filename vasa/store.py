"""Where pipelines lie: a shipped name, a published model, a folder, or a repository of the Hugging Face hub.

A pipeline is a folder with one checkpoint for each part: NAME/{renderer,motion,audio}/{config.yaml,model.safetensors},
NAME/handles where somebody fitted them (`vasa.motion.handles`), and NAME/pipeline.yaml where the parts are joined
otherwise than usual: `_target_` trees for keywords of `Pipeline`.
A folder may hold some of the parts; NAME+OTHER takes those of both.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import nn

from vasa import checkpoint, published
from vasa.whole import reason

PARTS = ("renderer", "motion", "audio", "handles")
JOINTS, JOINED = ("detector", "video_transfer", "voice_transfer"), "pipeline.yaml"
SHIPPED = Path(__file__).parent / "weights"
Config = DictConfig | dict[str, Any]  # a `_target_` tree
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Found:
    """A pipeline on disk: the folder of every part, and the `_target_` trees of what joins them."""

    parts: dict[str, Path]
    joints: dict[str, Config]


def find(name: Path | str, *, voice: bool = False) -> Found:
    """What a pipeline is made of, with a voice where that is needed; raises ValueError where there is none, with the
    names that exist, and for what is published before anything is fetched."""
    parts: dict[str, Path] = {}
    joints: dict[str, Config] = {}
    words = _words(name)
    if all(word in published.NAMES for word in words):
        _check_whole({part for word in words for part in published.parts(str(word))}, name, voice=voice)
    for folder in map(folder_of, words):
        parts |= {part: folder / part for part in PARTS if _has(folder, part)}
        joints |= joints_of(folder)
    _check_whole(parts.keys(), name, voice=voice)
    if ("motion" in parts) != ("audio" in parts):
        raise ValueError(f"{str(name)!r} has {' and '.join(parts)}; motion and audio go together, or neither is there.")
    return Found(parts, joints)


def _check_whole(parts: Collection[str], name: Path | str, *, voice: bool) -> None:
    if "renderer" not in parts:
        raise ValueError(f"{str(name)!r} has no renderer; name it too, as in RENDERER+{name}.")
    if voice and "motion" not in parts:
        raise ValueError(f"{str(name)!r} has no voice: it can `reenact` a video; name one too, as in {name}+VOICE.")


def folder_of(name: Path | str) -> Path:
    """The folder of one name, fetched where it is not here yet; raises ValueError."""
    shipped, given = SHIPPED / str(name), Path(name)
    if str(name) in names():
        return shipped
    if str(name) in published.NAMES:
        return kept(str(name))
    if is_pipeline(given):
        return given
    if given.is_dir():
        raise ValueError(f"The folder {given} is no pipeline: it has {' and '.join(f'no {part}' for part in PARTS)}.")
    if HUB_NAME.fullmatch(str(name)):
        return download(str(name))
    known = ", ".join((*names(), *published.NAMES))
    raise ValueError(f"There is no model named {str(name)!r}; there are: {known}. A folder or a hub id is taken too.")


def names() -> list[str]:
    """The pipelines that ship with the package."""
    return sorted(folder.name for folder in SHIPPED.glob("*") if is_pipeline(folder))


def is_pipeline(folder: Path) -> bool:
    """Whether a folder has a checkpoint for some part."""
    return any(_has(folder, part) for part in PARTS)


def kept(name: str, source: Path | str | None = None) -> Path:
    """The folder of a published model, made of its files at first use; raises ValueError.

    source: a folder or a hub id that has the files, instead of the usual ones.
    """
    if name not in published.NAMES:
        raise ValueError(f"There is no published model {name!r}; there are: {', '.join(published.NAMES)}.")
    place = cache() / name
    if source is not None and is_pipeline(place):
        raise ValueError(f"{place} is kept already; remove it first, or leave the source out to use it.")
    if source is not None or not is_pipeline(place):
        made = published.make(name, cache() / "originals" / name, source)
        save(place, made.parts, made.configs)
    return place


def cache() -> Path:
    """Where published models are kept: $VASA_CACHE, or ~/.cache/vasa."""
    return Path(os.environ.get("VASA_CACHE", "~/.cache/vasa")).expanduser()


def joints_of(folder: Path) -> dict[str, Config]:
    """What a folder's pipeline.yaml joins its parts with; raises ValueError where it names something else."""
    if not (folder / JOINED).is_file():
        return {}
    tree = OmegaConf.load(folder / JOINED)
    unknown = [key for key in tree if key not in JOINTS]
    if unknown:
        raise ValueError(f"{folder / JOINED} has {', '.join(map(str, unknown))}; it may have {', '.join(JOINTS)}.")
    return {str(key): value for key, value in tree.items()}


def download(name: str) -> Path:
    """A pipeline of the hub, configurations and safetensors only; raises ValueError where it cannot be had."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, allow_patterns=["*.yaml", "*.safetensors"]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ValueError(
            f"No model {name!r} here, and the hub did not give it ({reason(error)}); shipped are: {', '.join(names())}."
        ) from error
    if not is_pipeline(folder):
        raise ValueError(f"The hub's {name!r} is no vasa pipeline: it has none of the folders {', '.join(PARTS)}.")
    return folder


def save(
    folder: Path | str, parts: Mapping[str, nn.Module], configs: Mapping[str, Config], *, half: bool = False
) -> None:  # fmt: skip
    """Write a pipeline beside its place, then rename it; raises ValueError where something is already there.

    half: weights in half precision, as those that ship.
    """
    place = Path(folder)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ValueError(f"{place} is already there; save to a new folder, or remove it first.")
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}."))
    try:
        for part, model in parts.items():
            checkpoint.save(beside / part, model, configs[part], half=half and part != "handles")
        if joints := {name: configs[name] for name in JOINTS if name in configs}:
            OmegaConf.save(OmegaConf.create(joints), beside / JOINED, resolve=True)
        beside.chmod(0o755)
        os.replace(beside, place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _has(folder: Path, part: str) -> bool:
    return (folder / part / checkpoint.CONFIG).is_file()


def _words(name: Path | str) -> list[Path | str]:
    """The names joined by +, or the one name where it is a folder with a + in it."""
    return [name] if isinstance(name, Path) or Path(name).is_dir() else [*name.split("+")]
