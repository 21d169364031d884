"""A fitted person to look at: portrait, the same pose drawn, turned both ways, lids closed, mouth open."""

from __future__ import annotations

import numpy as np
from einops import rearrange
from PIL import Image

from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS
from vasa.people.fitting.make import Fitted
from vasa.people.fitting.studio import studio
from vasa.people.rig import place
from vasa.people.scene import Stage

_TURN = np.deg2rad(25)
_ACTS: tuple[tuple[float, dict[str, float]], ...] = (
    (_TURN, {}), (-_TURN, {}), (0.0, {}), (0.0, {"ReyeClose": 1, "LeyeClose": 1}), (0.0, {"MouthOpen": 0.6}),
)  # fmt: skip


def row(stage: Stage, made: Fitted) -> np.ndarray:
    """One row of the sheet: [S, 7 S, 3] uint8."""
    portrait = Image.fromarray((made.face.square * 255).clip(0, 255).astype(np.uint8)).resize((stage.size, stage.size))
    count = len(_ACTS)
    expression = np.zeros((count, len(EXPRESSIONS)))
    for number, (_, weights) in enumerate(_ACTS):
        for name, weight in weights.items():
            expression[number, EXPRESSION_INDEX[name]] = weight
    turns = np.array([[turn, 0, 0] for turn, _ in _ACTS])
    posed = place(
        made.avatar, head=turns, body=np.zeros((count, 3)), shift=np.zeros((count, 2)), log_scale=np.zeros(count),
        look=np.zeros((count, 2)),
    )  # fmt: skip
    acted = stage.film(made.avatar, studio(made.fit.distance), expression=expression, parts=posed.parts).frames
    return rearrange(np.stack([np.asarray(portrait), made.drawn, *acted]), "n h w c -> h (n w) c")
