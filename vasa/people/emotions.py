"""What eight emotions do to a face at rest and in speech."""

from __future__ import annotations

import numpy as np

from vasa.people.visemes import Shape, shape
from vasa.types import EMOTIONS

_BROWS_UP: Shape = {"RRbrowUp": 0.9, "RbrowUp": 0.9, "LbrowUp": 0.9, "LLbrowUp": 0.9}
_BROWS_DOWN: Shape = {"RRbrowDown": 0.7, "RbrowDown": 1.0, "LbrowDown": 1.0, "LLbrowDown": 0.7}
_FACES: dict[str, Shape] = {
    "anger": {**_BROWS_DOWN, "Rsquint": 0.5, "Lsquint": 0.5, "Rnostril": 0.6, "Lnostril": 0.6, "JawFront": 0.3},
    "contempt": {"LsmileClose": 0.75, "LlipCorner": 0.4, "LLbrowUp": 0.5, "RbrowDown": 0.3},
    "disgust": {"Rdisgust": 0.9, "Ldisgust": 0.9, "Rsquint": 0.5, "Lsquint": 0.5, "RbrowDown": 0.6, "LbrowDown": 0.6},
    "fear": {"RbrowUp": 0.9, "LbrowUp": 0.9, "Rpityful": 0.6, "Lpityful": 0.6, "ReyeOpen": 0.8, "LeyeOpen": 0.8,
             "RneckTension": 0.5, "LneckTension": 0.5},
    "happiness": {"RsmileClose": 0.85, "LsmileClose": 0.85, "Rsquint": 0.35, "Lsquint": 0.35, "RlowLid": 0.4,
                  "LlowLid": 0.4, "LLbrowUp": 0.2, "RRbrowUp": 0.2},
    "neutral": {},
    "sadness": {"RmouthSad": 0.8, "LmouthSad": 0.8, "Rsad": 0.6, "Lsad": 0.6, "Rpityful": 0.8, "Lpityful": 0.8},
    "surprise": {**_BROWS_UP, "ReyeOpen": 0.9, "LeyeOpen": 0.9},
}  # fmt: skip
FACES = np.stack([shape(_FACES[name]) for name in EMOTIONS])  # [8, E]


def pick(rng: np.random.Generator) -> np.ndarray:
    """Weights of the emotions [8], summing to 1: neutral, or one emotion of some intensity over neutral."""
    weights = np.zeros(len(EMOTIONS))
    intensity = 0.0 if rng.random() < 0.4 else rng.uniform(0.3, 1.0)
    others = [i for i, name in enumerate(EMOTIONS) if name != "neutral"]
    weights[rng.choice(others)] = intensity
    weights[EMOTIONS.index("neutral")] = 1 - intensity
    return weights
