"""Where fitted people are looked at: soft light, a grey wall."""

from __future__ import annotations

import numpy as np

from vasa.people.actor import Look
from vasa.people.avatar import Avatar
from vasa.people.fitting.solve import Fit
from vasa.people.scene import Stage


def studio(distance: float) -> Look:
    """For a camera at this distance."""
    return Look(
        lamps=np.array([[0.4, 0.4, 0.82], [-0.6, 0.1, 0.8], [0.0, 0.5, -0.87]]),
        colours=np.array([[0.5] * 3, [0.15] * 3, [0.1] * 3]),
        sky=np.array([[0.4] * 3, [0.05] * 3, *[[0.0] * 3] * 7]),
        gloss=0.03,
        backdrop=np.full((4, 4, 3), 110, np.uint8),
        distance=distance,
        glare=np.array([0.5, 0.5, 0.5, 0.05]),
    )


def same_pose(stage: Stage, avatar: Avatar, fit: Fit, gaze: np.ndarray) -> np.ndarray:
    """A fitted avatar as its portrait shows it, with the portrait's gaze [2]: [S, S, 3] uint8."""
    parts = fit.placed(avatar, gaze).parts
    return stage.film(avatar, studio(fit.distance), expression=fit.expression[None], parts=parts).frames[0]
