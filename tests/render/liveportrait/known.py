"""Numbers that our networks gave once they matched the published ones, at small sizes; kept so that they stay.

    python -m tests.render.liveportrait.known
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tests.render.liveportrait import numbers
from tests.render.liveportrait.conftest import filled, small_config
from vasa.render.liveportrait import LivePortraitRenderer

PLACE, KEPT = Path(__file__).parent / "known.npz", 40


@torch.no_grad()
def compute(small: LivePortraitRenderer) -> dict[str, np.ndarray]:
    """Some numbers of everything that is compared at full size too."""
    names = ("source", "driving", "driving_first")
    faces = torch.cat([numbers.picture(name)[..., ::8, ::8] for name in names])
    found = numbers.of_appearance(small, faces[:1]) | numbers.of_motion(small, faces)
    found |= numbers.of_warp(small, numbers.given("volume", 1, 4, 4, 8, 8))
    found |= numbers.of_decoder(small, numbers.given("decoder_feature", 1, 12, 8, 8))
    found |= numbers.of_perceptrons(small.retargeting) | numbers.of_transfer() | numbers.of_chain(small, faces)
    return {name: some(value) for name, value in found.items()}


def some(value: Tensor) -> np.ndarray:
    flat = value.flatten()
    return flat[:: -(-len(flat) // KEPT)].numpy()


if __name__ == "__main__":
    np.savez_compressed(PLACE, **compute(filled(small_config())))
