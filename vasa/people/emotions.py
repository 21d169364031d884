"""What eight emotions do to face, head and gaze, at rest and in speech."""

from __future__ import annotations

import numpy as np

from vasa.people.visemes import Shape, shape
from vasa.types import EMOTIONS

_BROWS_UP: Shape = {"RRbrowUp": 1.1, "RbrowUp": 1.1, "LbrowUp": 1.1, "LLbrowUp": 1.1}
_BROWS_DOWN: Shape = {"RRbrowDown": 0.9, "RbrowDown": 1.2, "LbrowDown": 1.2, "LLbrowDown": 0.9}
_WIDE_EYES: Shape = {"ReyeOpen": 1.0, "LeyeOpen": 1.0}
# After the prototypes of Ekman and Friesen's Facial Action Coding System, named in the avatars' shapes.
_FACES: dict[str, Shape] = {
    "anger": {**_BROWS_DOWN, "Rsquint": 0.3, "Lsquint": 0.3, "Rnostril": 0.9, "Lnostril": 0.9, "JawFront": 0.5,
              "RlipDown": 0.35, "LlipDown": 0.35, "JawCompress": 0.35},
    "contempt": {"LsmileClose": 1.0, "LlipCorner": 0.9, "LLbrowUp": 0.9, "LbrowUp": 0.6, "RbrowDown": 0.7,
                 "RRbrowDown": 0.5, "Rsquint": 0.3, "ReyeClose": 0.12, "LeyeClose": 0.12},
    "disgust": {"Rdisgust": 1.1, "Ldisgust": 1.1, "Rsquint": 0.5, "Lsquint": 0.5, "RbrowDown": 0.7, "LbrowDown": 0.7,
                "RlipUp": 0.35, "LlipUp": 0.35, "Chin": 0.4},
    "fear": {"RbrowUp": 1.0, "LbrowUp": 1.0, "Rpityful": 1.1, "Lpityful": 1.1, **_WIDE_EYES, "RneckTension": 0.8,
             "LneckTension": 0.8, "RlipSide": 0.8, "LlipSide": 0.8, "RlipDown": 0.45, "LlipDown": 0.45},
    "happiness": {"RsmileClose": 0.75, "LsmileClose": 0.75, "RsmileOpen": 0.45, "LsmileOpen": 0.45, "Rsquint": 0.3,
                  "Lsquint": 0.3, "RlowLid": 0.6, "LlowLid": 0.6, "LLbrowUp": 0.2, "RRbrowUp": 0.2},
    "neutral": {},
    "sadness": {"RmouthSad": 1.1, "LmouthSad": 1.1, "Rsad": 0.9, "Lsad": 0.9, "Rpityful": 1.1, "Lpityful": 1.1,
                "Chin": 0.5, "ReyeClose": 0.2, "LeyeClose": 0.2},
    "surprise": {**_BROWS_UP, **_WIDE_EYES, "MouthOpen": 0.3},
}  # fmt: skip
# How the head is held at full strength: yaw, pitch, roll in degrees (Wallbott 1998: bodies show emotions as faces do).
_POSTURES: dict[str, tuple[float, float, float]] = {
    "anger": (0, -4, 0), "contempt": (6, 5, 4), "disgust": (-6, -1, -4), "fear": (3, 2, -2), "happiness": (0, 1, 3),
    "neutral": (0, 0, 0), "sadness": (0, -7, 3), "surprise": (0, 3, 0),
}  # fmt: skip
FACES = np.stack([shape(_FACES[name]) for name in EMOTIONS])  # [8, E]
POSTURES = np.deg2rad([_POSTURES[name] for name in EMOTIONS])  # [8, 3]
AVERTED = EMOTIONS.index("sadness"), np.array([0.0, -0.12])  # the sad look down: radians at full strength


def pick(rng: np.random.Generator) -> np.ndarray:
    """Weights of the emotions [8], summing to 1: neutral, or one emotion of some intensity over neutral."""
    weights = np.zeros(len(EMOTIONS))
    intensity = 0.0 if rng.random() < 0.35 else rng.uniform(0.5, 1.0)
    others = [i for i, name in enumerate(EMOTIONS) if name != "neutral"]
    weights[rng.choice(others)] = intensity
    weights[EMOTIONS.index("neutral")] = 1 - intensity
    return weights
