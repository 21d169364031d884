"""JoyVASA's published files in a folder, read without running anything that is in them."""

from __future__ import annotations

import pickle
from argparse import Namespace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vasa.whole import reason

REPOSITORY = "jdh-algo/JoyVASA"  # MIT
GENERATOR = "motion_generator/motion_generator_hubert_chinese.pt"
TEMPLATE = "motion_template/motion_template.pkl"

# Rebuilding arrays and nothing else; numpy has moved these about, pickles keep the old places.
HOMES = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric")
ARRAYS = {(home, name) for home in HOMES for name in ("ndarray", "dtype", "_reconstruct", "_frombuffer")}


def find(folder: Path, name: str) -> Path:
    """A file of the published ones in a folder, its own folder around it or not; raises ValueError."""
    for place in (folder / name, folder / Path(name).name):
        if place.is_file():
            return place
    raise ValueError(f"The folder {folder} has no {name}; it needs {GENERATOR} and {TEMPLATE} of {REPOSITORY}.")


def read_generator(path: Path) -> dict[str, Tensor]:
    """The weights of the checkpoint; raises ValueError where it is damaged or holds something else.

    torch reads tensors alone; allowed beside them are the settings that were pickled with them, which are not used.
    """
    try:
        # A path is read as a pure one, which every system has.
        with torch.serialization.safe_globals(
            [(Namespace, "argparse.Namespace"), (PurePosixPath, "pathlib.PosixPath")]
        ):
            stored = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path} is no checkpoint of JoyVASA ({reason(error)}); fetch it again.") from error
    weights = stored.get("model") if isinstance(stored, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise ValueError(f"{path} is no checkpoint of JoyVASA: it has no table of weights named 'model'.")
    return weights


def read_template(path: Path) -> dict[str, np.ndarray]:
    """The arrays of the template; raises ValueError where it is damaged or holds anything else."""
    try:
        with path.open("rb") as file:
            stored = _Arrays(file).load()
    except Exception as error:  # a damaged pickle can fail in any way
        raise ValueError(f"{path} is no template of JoyVASA ({reason(error)}); fetch it again.") from error
    if not isinstance(stored, dict) or not all(isinstance(value, np.ndarray) for value in stored.values()):
        raise ValueError(f"{path} is no template of JoyVASA: it is not a table of arrays.")
    return stored


class _Arrays(pickle.Unpickler):
    """Rebuilds numpy arrays; everything else is refused, so that a pickle cannot call what it likes."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):  # bytes, as the oldest pickles hold them
            return super().find_class(module, name)
        if (module, name) not in ARRAYS:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is no part of an array")
        return super().find_class(module, name)
