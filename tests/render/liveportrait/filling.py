"""Stand-ins for LivePortrait's weights: numbers made from the names of the weights, the same on every machine."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from vasa.render.liveportrait.keys import sources

# Heads of M, scaled so that what they say lies where it does for faces.
DAMPED = {"kp": 0.4, "exp": 0.1, "t": 0.1, "scale": 0.1, "pitch": 4.0, "yaw": 4.0, "roll": 4.0}
Shape = tuple[int, ...]


def normal(name: str, shape: Shape) -> np.ndarray:
    """Standard normal float32 numbers, seeded by the name."""
    seed = zlib.crc32(name.encode())
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(shape, dtype=np.float32)


def published_shapes(own: Mapping[str, Tensor]) -> dict[str, Shape]:
    """Names and shapes of the published weights that ours are made of."""
    shapes: dict[str, Shape] = {}
    for name, value in own.items():
        names, shape = sources(name), tuple(value.shape)
        if len(names) == 3:
            shapes |= dict(zip(names, (shape, shape[:1], (int(np.prod(shape[1:])),)), strict=True))
        else:
            shapes[names[0]] = (1, 1, 1, *shape) if ".grn." in name else shape
    return shapes


def fill(shapes: Mapping[str, Shape]) -> dict[str, Tensor]:
    """A value for every published weight."""
    return {name: torch.from_numpy(np.asarray(_value(name, shapes))) for name in shapes}


def _value(name: str, shapes: Mapping[str, Shape]) -> np.ndarray:
    if name.endswith("num_batches_tracked"):
        return np.zeros(shapes[name], np.int64)
    if name.endswith("weight_u"):
        return _left(name, shapes[name]).astype(np.float32)
    if name.endswith("weight_v"):
        base = name.removesuffix("v")
        matrix = _value(base + "orig", shapes).reshape(shapes[base + "u"][0], -1).astype(np.float64)
        return _unit(matrix.T @ _left(base + "u", shapes[base + "u"])).astype(np.float32)
    return _damped(name, _spread(name, normal(name, shapes[name])))


def _left(name: str, shape: Shape) -> np.ndarray:
    return _unit(normal(name, shape).astype(np.float64))


def _spread(name: str, n: np.ndarray) -> np.ndarray:
    if name.endswith("running_var"):
        return 1 + np.float32(0.1) * np.abs(n)
    if name.endswith(("running_mean", "grn.gamma", "grn.beta")):
        return np.float32(0.1) * n
    if n.ndim >= 2:
        return n * np.float32(np.sqrt(2 / np.prod(n.shape[1:])))
    return (1 if name.endswith(".weight") else 0) + np.float32(0.1) * n


def _damped(name: str, value: np.ndarray) -> np.ndarray:
    network, _, key = name.partition("/")
    if network != "motion_extractor" or not key.startswith("detector.fc_"):
        return value
    head = key.split(".")[1].removeprefix("fc_")
    return np.float32(DAMPED[head]) * value + np.float32(key == "detector.fc_scale.bias")


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)
