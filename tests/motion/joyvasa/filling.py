"""Stand-in weights and inputs of the published sizes: numbers that follow from their names."""

from __future__ import annotations

import argparse
import math
import pathlib
import pickle
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vasa.motion.joyvasa import files

ENCODER = "audio_encoder."
POSITIONS = f"{ENCODER}encoder.pos_conv_embed.conv."


def normal(name: str, *shape: int) -> Tensor:
    """Standard normal numbers, always the same for a name."""
    generator = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    return torch.from_numpy(generator.standard_normal(shape, dtype=np.float32))


def filled(shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
    """A published checkpoint's weights."""
    weights = {key: _value(key, shape) for key, shape in shapes.items() if ".parametrizations." not in key}
    folded = f"{POSITIONS}parametrizations.weight.original"
    direction = _value(f"{POSITIONS}weight", shapes[f"{folded}1"])
    return weights | {f"{folded}0": direction.norm(dim=(0, 1), keepdim=True), f"{folded}1": direction}


def _value(key: str, shape: torch.Size) -> Tensor:
    name = f"audio_encoder/{key.removeprefix(ENCODER)}" if key.startswith(ENCODER) else f"motion_generator/{key}"
    value = normal(name, *shape)
    if len(shape) > 1:
        return value * np.float32(math.sqrt(1 / math.prod(shape[1:])))
    is_norm = "norm" in key.split(".")[-2:][0] and key.endswith("weight")
    return 1 + np.float32(0.1) * value if is_norm else np.float32(0.1) * value


def template() -> dict[str, np.ndarray]:
    """A stand-in for the published template."""
    sizes = {"scale": 1, "t": 3, "pitch": 1, "yaw": 1, "roll": 1}
    found = {"mean_exp": normal("input/template/mean_exp", 63)}
    found["std_exp"] = normal("input/template/std_exp", 63).abs() + 0.1
    for name, size in sizes.items():
        found[f"min_{name}"] = normal(f"input/template/min_{name}", size)
        found[f"max_{name}"] = found[f"min_{name}"] + 1 + normal(f"input/template/range_{name}", size).abs()
    return {name: value.numpy() for name, value in found.items()}


def write(folder: Path, weights: dict[str, Tensor], **beside: object) -> Path:
    """Both files as they are published, in a folder."""
    for name in (files.GENERATOR, files.TEMPLATE):
        (folder / name).parent.mkdir(exist_ok=True)
    settings = argparse.Namespace(n_motions=100, exp_dir=pathlib.PosixPath("experiments/one"), lr=1e-4)
    torch.save({"args": settings, "model": weights, "iter": 5} | beside, folder / files.GENERATOR)
    (folder / files.TEMPLATE).write_bytes(pickle.dumps(template()))
    return folder
