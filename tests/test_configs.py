"""Every configuration composes, every leaf builds, every key is a constructor keyword."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest
import torch
from hydra.utils import get_object
from omegaconf import OmegaConf

from vasa import config

LEAVES = sorted(config.folder().glob("*/*.yaml"))
ROOTS = sorted(config.folder().glob("*.yaml"))
BUILT = {"renderer", "closeup", "motion", "audio", "judge"}
SPECIAL = {"_target_", "_partial_", "_args_", "_convert_", "_recursive_"}


def nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Every part of a tree that names a class."""
    if isinstance(tree, Mapping):
        if "_target_" in tree:
            yield tree
        for value in tree.values():
            yield from nodes(value)
    if isinstance(tree, list):
        for value in tree:
            yield from nodes(value)


def leaf_id(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", LEAVES, ids=leaf_id)
def test_every_key_is_a_keyword(path):
    for node in nodes(OmegaConf.to_container(OmegaConf.load(path))):
        config.check_allowed(node["_target_"], config.TRAINING)
        parameters = inspect.signature(get_object(node["_target_"])).parameters
        keys = set(node) - SPECIAL
        if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
            assert keys <= set(parameters), f"{node['_target_']} does not take {keys - set(parameters)}"
        if "_partial_" not in node:
            needed = {n for n, p in parameters.items() if p.default is p.empty and p.kind is p.KEYWORD_ONLY}
            assert needed <= keys, f"{node['_target_']} needs {needed - keys}"


@pytest.mark.parametrize("path", [p for p in LEAVES if p.parent.name in BUILT], ids=leaf_id)
def test_every_part_builds(path, monkeypatch):
    published = config.instantiate(config.leaf("audio", "tiny")["model"])  # stands in for what the hub would send
    monkeypatch.setattr("transformers.AutoModel.from_pretrained", lambda *_, **__: published)
    with torch.device("meta"):
        part = config.instantiate(config.leaf(path.parent.name, path.stem))
    assert not isinstance(part, partial)


@pytest.mark.parametrize("path", ROOTS, ids=lambda p: p.stem)
def test_every_root_composes(path):
    composed = config.compose(path.stem)
    assert OmegaConf.to_container(composed, resolve=False)
    for target in config.targets(OmegaConf.to_container(composed, resolve=False)):
        config.check_allowed(target, config.TRAINING)


@pytest.mark.parametrize("path", [p for p in ROOTS if "vasa.data.module." in p.read_text()], ids=lambda p: p.stem)
def test_samples_without_end_are_divided_by_number(path):
    assert config.compose(path.stem).trainer.use_distributed_sampler is False  # Lightning's sampler looks for an end
