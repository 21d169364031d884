"""Our expressions in the 52 face coefficients of Apple's ARKit, which most other avatars and face trackers speak.

`arkit.csv` holds each of EXPRESSIONS as a weighted sum of ARKit's shapes. The weights are a non-negative least-squares
fit of the vertices' motion on VALID avatars by that of FaceKit's shapes of these names, over a smooth registration of
both heads, made the same for left and right and scaled to the motion's full size; lids, nostrils and the closures of
the lips, whose motion is too small or too thin for that fit, and the tongue are set by what they mean.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np

from vasa.face.arkit import ARKIT, ARKIT_INDEX
from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS

_REACH = np.array([0.56, 0.38])  # yaw and pitch in radians at which the eyes' coefficients are 1; see `rig.place`


@cache
def table() -> np.ndarray:
    """Each expression as a sum of ARKit's shapes: [E, 52]."""
    weights = np.zeros((len(EXPRESSIONS), len(ARKIT)))
    for line in files("vasa.people").joinpath("arkit.csv").read_text().splitlines()[1:]:
        expression, shape, weight = line.split(",")
        weights[EXPRESSION_INDEX[expression], ARKIT_INDEX[shape]] = float(weight)
    return weights


def coefficients(expression: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    """ARKit's coefficients [T, 52] in 0 to 1 of expressions [T, E] and eyes' yaw and pitch in the head [T, 2]."""
    found = expression @ table()
    yaw, pitch = (eyes / _REACH).T  # positive yaw is to the subject's left, where the left eye looks out
    looks = {
        "eyeLookOutLeft": yaw, "eyeLookInRight": yaw, "eyeLookInLeft": -yaw, "eyeLookOutRight": -yaw,
        "eyeLookUpLeft": pitch, "eyeLookUpRight": pitch, "eyeLookDownLeft": -pitch, "eyeLookDownRight": -pitch,
    }  # fmt: skip
    for name, amount in looks.items():
        found[:, ARKIT_INDEX[name]] = amount
    return np.clip(found, 0, 1)
