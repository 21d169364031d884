"""Configurations: composed by Hydra, built only from classes on an allow-list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.errors import HydraException, InstantiationException
from hydra.utils import get_object
from hydra.utils import instantiate as build
from omegaconf import DictConfig, ListConfig, OmegaConf

# Modules whose classes a configuration may name; looked up on the resolved object, so aliases do not pass.
ALLOWED = ("vasa.", "torch.nn.", "torch.optim.", "lightning.pytorch.", "timm.layers.")


def folder() -> Path:
    """Where the configurations that ship lie: inside the wheel, or beside the package in a checkout."""
    inside = Path(__file__).parent / "conf"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "conf"


def compose(root: str, overrides: Sequence[str] = ()) -> DictConfig:
    """One configuration from `conf/ROOT.yaml` and command-line overrides such as `renderer=tiny`.

    Raises ValueError where an override names no setting, or cannot be read.
    """
    with hydra.initialize_config_dir(str(folder().resolve()), version_base="1.3"):
        try:
            return hydra.compose(root, overrides=list(overrides))
        except HydraException as error:
            said = str(error).splitlines()[0].rstrip(".")
            raise ValueError(f"{said}. The settings are in conf/{root}.yaml.") from error


def leaf(group: str, name: str) -> DictConfig:
    """One swap point's leaf, `conf/GROUP/NAME.yaml`, resolved."""
    path = folder() / group / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml")))
        raise ValueError(f"There is no {group} named {name!r}; there are: {known}.")
    loaded = OmegaConf.load(path)
    assert isinstance(loaded, DictConfig)
    return loaded


def instantiate(node: DictConfig | Mapping[str, Any], *, also: Sequence[str] = (), **late: Any) -> Any:
    """Build the `_target_` tree; raises ValueError where it names something outside the allow-list.

    `also` adds module prefixes of your own plug-ins, such as ("my_renderer.",); `late` are keywords only known now.
    """
    plain = OmegaConf.to_container(node, resolve=True) if isinstance(node, DictConfig) else node
    for target in targets(plain):
        check_allowed(target, (*ALLOWED, *also))
    try:
        return build(plain, _convert_="all", **late)
    except InstantiationException as error:
        if isinstance(error.__cause__, ValueError | OSError):  # the caller's mistake, in its own words
            raise error.__cause__ from None
        raise


def targets(node: object) -> list[str]:
    """Every `_target_` in a tree."""
    if isinstance(node, Mapping):
        own = [node["_target_"]] if "_target_" in node else []
        return own + [t for value in node.values() for t in targets(value)]
    if isinstance(node, list | tuple | ListConfig):
        return [t for value in node for t in targets(value)]
    return []


def check_allowed(target: str, allowed: Sequence[str] = ALLOWED) -> None:
    """Raise ValueError unless the object behind this name was defined in an allowed module."""
    named_fine = any(target.startswith(prefix) for prefix in allowed)
    home = getattr(get_object(target), "__module__", "") or "" if named_fine else ""
    owner = getattr(getattr(get_object(target), "__self__", None), "__module__", "") or "" if named_fine else ""
    if not named_fine or not any(f"{place}.".startswith(prefix) for place in (home, owner) for prefix in allowed):
        raise ValueError(f"The configuration names {target!r}, which is not among the modules it may build: {allowed}.")
