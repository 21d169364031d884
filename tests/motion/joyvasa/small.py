"""The real classes in a small size."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf

from vasa import config

WIDTHS = {"width": 16, "heads": 2, "feedforward": 32}
SIZES = {
    "motion": {"net": {**WIDTHS, "audio_dim": 16, "layers": 2, "window": 20}, "sampler": {"steps": 5}},
    "audio": {
        "dim": 16,
        "model": {**WIDTHS, "layers": 1, "convolutions": [8] * 7, "position_kernel": 8, "position_groups": 2},
    },
}


def small(group: str, name: str) -> DictConfig:
    """What `vasa.config.leaf` gives, made small."""
    tree = OmegaConf.merge(config.leaf(group, name), SIZES[group])
    assert isinstance(tree, DictConfig)
    return tree
