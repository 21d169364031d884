"""A checkpoint is a folder: config.yaml (what to build, format version) and model.safetensors (its weights)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from vasa.config import instantiate
from vasa.whole import beside

FORMAT = 1
CONFIG, WEIGHTS = "config.yaml", "model.safetensors"


def save(
    folder: Path | str, model: nn.Module, config: Mapping[str, Any] | DictConfig, *, half: bool = False,
    weights: Mapping[str, Tensor] | None = None,
) -> None:  # fmt: skip
    """Write a checkpoint; each file is written beside its place and renamed, so an old one survives a failure.

    half: store floating-point weights as float16 (half the size; loaded back as float32). weights: the model's state
    where it does not hold all of it itself, as one that is spread over processes.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    state = {k: _shrunk(v, half) for k, v in (model.state_dict() if weights is None else weights).items()}
    with beside(place / WEIGHTS) as file:
        save_file(state, file)
    tree = OmegaConf.merge({"format": FORMAT}, {"model": config})
    with beside(place / CONFIG) as file:
        OmegaConf.save(tree, file, resolve=True)


def load(folder: Path | str, *, also: Sequence[str] = (), **late: Any) -> Any:
    """Build what config.yaml names and fill in its weights, in evaluation mode; `also` and `late` as in `instantiate`.

    Raises ValueError where the folder, the format, a key or a shape does not fit.
    """
    place = Path(folder)
    model = instantiate(config_of(place), also=also, **late)
    try:
        weights = load_file(place / WEIGHTS)
    except (SafetensorError, FileNotFoundError) as error:
        raise ValueError(f"{place / WEIGHTS} is missing or damaged ({error}); fetch or save it again.") from error
    fill(model, weights, place)
    return model.eval()


def config_of(folder: Path | str) -> DictConfig:
    """The `_target_` tree of a checkpoint folder."""
    path = Path(folder) / CONFIG
    if not path.is_file():
        raise ValueError(f"{Path(folder)} is no checkpoint: it has no {CONFIG}.")
    tree = OmegaConf.load(path)
    assert isinstance(tree, DictConfig)
    if tree.get("format") != FORMAT:
        raise ValueError(
            f"{path} has format {tree.get('format')}, this vasa reads format {FORMAT}; update one of them."
        )
    return tree.model


def fill(model: nn.Module, weights: Mapping[str, Tensor], place: Path | str) -> None:
    """Copy weights into a model; raises ValueError naming what is missing, unexpected or of another shape."""
    own = model.state_dict()
    missing, extra = sorted(own.keys() - weights.keys()), sorted(weights.keys() - own.keys())
    shapes = [k for k in own.keys() & weights.keys() if own[k].shape != weights[k].shape]
    if missing or extra or shapes:
        raise ValueError(
            f"The weights in {place} do not fit their configuration: {len(missing)} missing {missing[:3]}, "
            f"{len(extra)} unexpected {extra[:3]}, {len(shapes)} of another shape {sorted(shapes)[:3]}."
        )
    model.load_state_dict({k: v.to(own[k].dtype) for k, v in weights.items()})


def take(model: nn.Module, weights: Mapping[str, Tensor], place: Path | str) -> list[str]:
    """Copy the weights that fit; returns the names of those that keep what they were made with.

    Raises ValueError where none fits.
    """
    own = model.state_dict()
    fitting = {k: v.to(own[k].dtype) for k, v in weights.items() if k in own and own[k].shape == v.shape}
    if not fitting:
        raise ValueError(f"None of the weights in {place} fits this network; name a checkpoint of its kind.")
    model.load_state_dict(fitting, strict=False)
    return sorted(own.keys() - fitting.keys())


def _shrunk(value: Tensor, half: bool) -> Tensor:
    whole = value.detach().cpu().contiguous()
    return whole.half() if half and whole.is_floating_point() else whole.clone()
