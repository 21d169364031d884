"""LivePortrait's renderer and JoyVASA's voice in a small size with made-up weights, kept as the published ones are."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.motion.joyvasa.small import small
from tests.render.liveportrait.conftest import filled, small_config
from vasa import store
from vasa.config import instantiate
from vasa.published import joyvasa, liveportrait


def keep(cache: Path) -> Path:
    """Fill a folder for VASA_CACHE, so that "liveportrait+joyvasa" is found there and nothing is fetched."""
    renderer = small_config()
    store.save(cache / "liveportrait", {"renderer": filled(renderer)}, {"renderer": renderer, **liveportrait.JOINTS})
    configs = {part: small(part, name) for part, name in (("motion", "joyvasa"), ("audio", "hubert"))}
    torch.manual_seed(0)
    parts = {part: instantiate(config).eval() for part, config in configs.items()}
    template = parts["motion"].template
    template.offset[63], template.spread[:63] = 3.0, 0.05  # a scale well above zero and small changes, as faces have
    store.save(cache / "joyvasa", parts, configs | joyvasa.JOINTS)
    return cache
