"""Configurations: composed by Hydra, built only from classes on an allow-list.

Weights come with a configuration, and both may come from strangers. So what a model's configuration names must be a
class of the modules that models are made of, or a way to make one (`MotionSpace.plain`): nothing there writes a file or
runs what a string says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.errors import HydraException, InstantiationException
from hydra.utils import get_object
from hydra.utils import instantiate as build
from omegaconf import DictConfig, ListConfig, OmegaConf

from vasa.whole import reason

# What models are made of; looked up on the resolved object, so aliases do not pass.
MODELS = (
    "vasa.render.", "vasa.motion.", "vasa.audio.", "vasa.face.", "vasa.space.", "vasa.transfer.", "vasa.staying.",
    "vasa.evaluate.agreement.", "vasa.evaluate.ears.", "vasa.evaluate.training.", "torch.nn.", "timm.layers.",
)  # fmt: skip
FACTORIES = ("vasa.audio.wav2vec2.wav2vec2", "vasa.audio.wav2vec2.described", "vasa.audio.hubert.hubert")
TRAINING = ("vasa.data.", "lightning.pytorch.")  # what settings of a training, which are the user's own, name besides


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
            raise ValueError(f"{reason(error)}. The settings are in conf/{root}.yaml.") from error


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

    `also` adds modules, such as ("my_renderer.",) of your own plug-ins, of which anything may be named; `late` are
    keywords only known now.
    """
    plain = OmegaConf.to_container(node, resolve=True) if isinstance(node, DictConfig) else node
    for target in targets(plain):
        check_allowed(target, also)
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


def check_allowed(target: str, also: Sequence[str] = ()) -> None:
    """Raise ValueError unless this names a class of MODELS, a way to make one, or anything of the modules `also`."""
    if target.startswith((*MODELS, *also)):
        found = _found(target)
        owner = getattr(found, "__self__", found)  # the class of a class method
        if _home(owner).startswith(tuple(also)) or _home(found) in FACTORIES:
            return
        if isinstance(owner, type) and _home(owner).startswith(MODELS):
            return
    raise ValueError(
        f"The configuration names {target!r}, which is not among the classes that it may build, those of: "
        f"{', '.join((*MODELS, *also))}."
    )


def _found(target: str) -> Any:
    try:
        return get_object(target)
    except ImportError as error:
        raise ValueError(f"The configuration names {target!r}, which there is not.") from error


def _home(found: object) -> str:
    """Where something was defined, as MODULE.NAME."""
    return f"{getattr(found, '__module__', '')}.{getattr(found, '__qualname__', '')}"
