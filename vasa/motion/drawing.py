"""Motion for whole recordings, window by window as in use."""

from __future__ import annotations

from torch import Tensor

from vasa.motion.protocol import MotionGenerator
from vasa.types import Controls, Motion

NOTHING_ASKED = Controls()


def drawn(generator: MotionGenerator, features: Tensor, controls: Controls = NOTHING_ASKED, *, seed: int) -> Motion:
    """Sound features [B, T, A] -> motion [B, T, M], face b with seed + b; controls: of B faces, constant or curves."""
    state, parts = generator.start(len(features), seed=seed), []
    for first in range(0, features.shape[1], generator.window):
        piece = features[:, first : first + generator.window]
        motion, state = generator.step(piece, controls.window(first, piece.shape[1]), state)
        parts.append(motion)
    return Motion.cat(parts)
