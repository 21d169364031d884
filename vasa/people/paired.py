"""Films for measuring what a model keeps apart: the same motion acted by many people, and each person in a grid.

Everybody is of the test split, and so are the voices. With P people, clip p is person p's grid and clip (1 + m) P + p
is motion m acted by person p. Frame n of a grid has the head angles ANGLES[n // len(FACES)] and the face
FACES[n % len(FACES)]; film.json lists both, and the facts of a clip say `person` and `motion` (null for a grid).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from einops import repeat

from vasa.clock import CLOCK
from vasa.people.behaviour import Performance, speak, style
from vasa.people.clip import Script
from vasa.people.emotions import FACES as MOODS
from vasa.people.head_motion import HeadTrack
from vasa.people.looks import HEAD_WIDTH, look
from vasa.people.person import number_of, person
from vasa.people.speech_source import SpeechSource, silence
from vasa.people.visemes import VISEMES, shape
from vasa.types import EMOTIONS

ANGLES: tuple[tuple[float, float, float], ...] = tuple(
    (yaw, pitch, 0.0) for pitch in (-0.25, 0.0, 0.25) for yaw in (-0.5, -0.25, 0.0, 0.25, 0.5)
)  # yaw, pitch, roll
FACES: tuple[str, ...] = ("SIL", "M", "AA", "UW", "IY", "happiness", "surprise", "anger", "blink")
_DISTANCE = 9 * HEAD_WIDTH  # of the camera, the same for all


def paired_script(
    index: int, files: tuple[Path, ...], speech: SpeechSource, *, people: int, seed: int, clip_s: float
) -> Script:
    """Clip `index` of the paired film that `seed` makes; depends on nothing else."""
    row, column = divmod(index, people)
    who = person(number_of(column, "test"), files, seed=seed)
    seen = replace(look(np.random.default_rng((seed, 4, column))), distance=_DISTANCE)
    if row == 0:
        return Script(who, "grid", False, silence(len(ANGLES) * len(FACES)), grid(), seen)
    rng = np.random.default_rng((seed, 5, row - 1))
    said = speech.draw(rng, "test", CLOCK.frames_in(float(rng.uniform(5, 7)) * clip_s / 6))
    acted = speak(rng, said.phones, said.samples, style(rng), wide=False)
    return Script(who, "paired", False, said, acted, seen, motion=row - 1)


def paired_clips(people: int, motions: int) -> int:
    """How many clips such a film has."""
    return people * (1 + motions)


def grid() -> Performance:
    """Every head angle with every face, each for one frame, looking where the head points."""
    head = repeat(np.array(ANGLES), "a k -> (a f) k", f=len(FACES))
    frames = len(head)
    expression = repeat(np.stack([_face(name) for name in FACES]), "f e -> (a f) e", a=len(ANGLES))
    emotion = repeat(np.stack([_mood(name) for name in FACES]), "f e -> (a f) e", a=len(ANGLES))
    blink = np.array([float(name == "blink") for name in FACES] * len(ANGLES))
    still = HeadTrack(head, np.zeros((frames, 3)), np.zeros((frames, 2)), np.zeros(frames))
    return Performance(expression, still, head[:, :2], blink, emotion)


def _face(name: str) -> np.ndarray:
    if name in VISEMES:
        return shape(VISEMES[name][0])
    if name in EMOTIONS:
        return shape(VISEMES["SIL"][0]) + MOODS[EMOTIONS.index(name)]
    assert name == "blink"
    return shape(VISEMES["SIL"][0]) + shape({"LeyeClose": 1.0, "ReyeClose": 1.0})


def _mood(name: str) -> np.ndarray:
    return np.eye(len(EMOTIONS))[EMOTIONS.index(name if name in EMOTIONS else "neutral")]


def grid_facts() -> dict[str, object]:
    """What film.json says about the grid."""
    return {"angles": [list(turn) for turn in ANGLES], "faces": list(FACES)}
