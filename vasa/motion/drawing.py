"""Motion for whole recordings, window by window as in use."""

from __future__ import annotations

from torch import Tensor

from vasa.motion.protocol import MotionGenerator
from vasa.types import Controls, Motion

NOTHING_ASKED = Controls()


def drawn(
    generator: MotionGenerator, features: Tensor, controls: Controls = NOTHING_ASKED, *, seed: int, hop: int | None = None
) -> Motion:
    """Sound features [B, T, A] -> motion [B, T, M], face b with seed + b.

    controls: of B faces, constant or curves. hop: frames asked for at once, the generator's window where not said.
    """
    state, parts, step = generator.start(len(features), seed=seed), [], hop or generator.window
    for first in range(0, features.shape[1], step):
        piece = features[:, first : first + step]
        motion, state = generator.step(piece, controls.window(first, piece.shape[1]), state)
        parts.append(motion)
    return Motion.cat(parts)
