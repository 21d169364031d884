"""What a person does during a clip: face, head and eyes in time with the voice."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from einops import rearrange

from vasa.clock import CLOCK
from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS
from vasa.people.direction import CONTACT, Direction
from vasa.people.emotions import AVERTED, FACES, POSTURES, pick
from vasa.people.eyes import blink_track, far_shifts, gaze_track
from vasa.people.head_motion import HeadTrack, head_track
from vasa.people.phones import SIL, Phone
from vasa.people.smooth import bumps, wander
from vasa.people.visemes import VOWELS, lips_held, mouth_track
from vasa.types import EMOTIONS

_OPENING = [EXPRESSION_INDEX[n] for n in ("MouthOpen", "Shout", "RsmileOpen", "LsmileOpen", "AE_AA", "AO_a")]
_PARTING = [EXPRESSION_INDEX[n] for n in ("RlipUp", "LlipUp", "RlipDown", "LlipDown", "Rdisgust", "Ldisgust", "Kiss")]
_TONGUE = [EXPRESSION_INDEX[n] for n in ("OutMiddle_tg", "Up_tg")]
_BROWS = [EXPRESSION_INDEX[n] for n in ("RRbrowUp", "RbrowUp", "LbrowUp", "LLbrowUp")]
_LIDS = [EXPRESSION_INDEX[n] for n in ("LeyeClose", "ReyeClose")]
_WIDENED = [EXPRESSION_INDEX[n] for n in ("LeyeOpen", "ReyeOpen")]
_PAIRS = [
    (index, EXPRESSION_INDEX[name.replace("RR", "LL") if name.startswith("RR") else "L" + name[1:]])
    for name, index in EXPRESSION_INDEX.items()
    if name.startswith("R")
]


@dataclass(frozen=True)
class Style:
    """A person's habits."""

    effort: float  # of the mouth
    liveliness: float  # of the head
    contact: float  # share of time looking near the camera
    blinks_per_minute: float
    brows: float  # height of the brows' emphasis
    asymmetry: np.ndarray  # [2] gain of the right and the left half of the face


@dataclass(frozen=True)
class Performance:
    """What the body does in each frame, before it is filmed."""

    expression: np.ndarray  # [T, E]
    motion: HeadTrack
    look: np.ndarray  # [T, 2] wanted gaze
    blink: np.ndarray  # [T] closed 0 to 1
    emotion: np.ndarray  # [T, 8]


def style(rng: np.random.Generator) -> Style:
    """Draw a person's habits."""
    return Style(
        effort=rng.uniform(0.75, 1.15),
        liveliness=rng.uniform(0.7, 1.35),
        contact=rng.uniform(0.55, 0.9),
        blinks_per_minute=rng.uniform(12, 26),
        brows=rng.uniform(0.1, 0.7),
        asymmetry=1 + rng.normal(0, 0.06, 2),
    )


def speak(
    rng: np.random.Generator, phones: tuple[Phone, ...], samples: np.ndarray, habits: Style, *, wide: bool,
    told: Direction | None = None,
) -> Performance:  # fmt: skip
    """Say something: phones and samples [S] cover the same whole frames."""
    frames = CLOCK.frames(len(samples))
    stresses = stressed_frames(phones, samples)
    emotion = _emotion_track(rng, frames) if told is None else told.emotion
    held = lips_held(phones, frames)[:, None]
    mood = emotion @ FACES
    mood[:, _OPENING + _PARTING] *= 1 - held
    raised = stresses[rng.random(len(stresses)) < 0.5]
    expression = mouth_track(phones, frames, effort=habits.effort) + mood
    brows = bumps(frames, raised.astype(float), rng.uniform(0.3, 1.0, len(raised)), width=4.0) * habits.brows
    expression[:, _BROWS] += brows[:, None] + 0.08 * np.abs(wander(rng, frames, 1, width=15))
    return _finish(rng, expression, emotion, habits, stresses, phrase_ends(phones, frames), wide, told)


def roam(
    rng: np.random.Generator, frames: int, habits: Style, *, wide: bool, told: Direction | None = None
) -> Performance:
    """Walk through all shapes of the face, far and without sense, as speech never does."""
    level = wander(rng, frames, len(EXPRESSIONS), width=rng.uniform(4, 9)) - rng.uniform(0.8, 1.6, len(EXPRESSIONS))
    expression = np.clip(level, 0, 1.2)
    if rng.random() < 0.6:
        for right, left in _PAIRS:
            expression[:, left] = expression[:, right]
    expression *= 2.2 / np.maximum(expression.sum(1, keepdims=True), 2.2)
    expression[:, _LIDS] *= 0.3
    expression[:, _TONGUE] *= np.clip(expression[:, _OPENING].sum(1, keepdims=True), 0, 1)  # not through closed lips
    emotion = np.zeros((frames, len(EMOTIONS)))
    emotion[:, EMOTIONS.index("neutral")] = 1
    nowhere = np.zeros(0, int)
    return _finish(rng, expression, emotion, habits, nowhere, nowhere, wide, told)


def _finish(
    rng: np.random.Generator, expression: np.ndarray, emotion: np.ndarray, habits: Style, stresses: np.ndarray,
    ends: np.ndarray, wide: bool, told: Direction | None,
) -> Performance:  # fmt: skip
    frames = len(expression)
    motion = head_track(
        rng, frames, liveliness=habits.liveliness, stresses=stresses, ends=ends, posture=emotion @ POSTURES, wide=wide
    )
    look = _look(rng, frames, habits, wide, told)
    occasions = np.union1d(ends, far_shifts(look))
    sad, downwards = AVERTED
    look = look + emotion[:, sad, None] * downwards
    blink = blink_track(rng, frames, per_minute=habits.blinks_per_minute, occasions=occasions)
    for side, gain in zip("RL", habits.asymmetry, strict=True):
        mine = [i for n, i in EXPRESSION_INDEX.items() if n[0] == side and i not in _LIDS]
        expression[:, mine] *= gain
    lowered = 0.5 * np.clip(-look[:, 1] - 0.05, 0, 0.5)  # lids follow the eyes down
    closed = np.clip(np.maximum(expression[:, _LIDS], lowered[:, None]) + blink[:, None], 0, 1)
    expression[:, _WIDENED] *= 1 - closed
    expression[:, _LIDS] = closed
    return Performance(np.clip(expression, 0, 1.3), motion, look, blink, emotion)


def _look(rng: np.random.Generator, frames: int, habits: Style, wide: bool, told: Direction | None) -> np.ndarray:
    if told is not None:
        return told.place + gaze_track(rng, frames, contact=CONTACT, wide=False)
    return gaze_track(rng, frames, contact=0.3 if wide else habits.contact, wide=wide)


def _emotion_track(rng: np.random.Generator, frames: int) -> np.ndarray:
    """One emotion, or in a third of the clips a change from one to another: [T, 8]."""
    first, second = pick(rng), pick(rng)
    if rng.random() > 0.33:
        return np.repeat(first[None], frames, axis=0)
    middle = rng.uniform(0.25, 0.75) * frames
    mix = 1 / (1 + np.exp(-(np.arange(frames) - middle) / 4))
    return first + mix[:, None] * (second - first)


def stressed_frames(phones: tuple[Phone, ...], samples: np.ndarray) -> np.ndarray:
    """Frames of the loudest vowels, at least 0.3 s apart."""
    chunks = rearrange(samples, "(t s) -> t s", s=CLOCK.samples_per_frame)
    loud = np.sqrt(np.square(chunks).mean(1))
    middles = [int((p.start_s + p.end_s) / 2 * CLOCK.frame_rate) for p in phones if p.symbol in VOWELS]
    chosen: list[int] = []
    for frame in sorted((m for m in middles if m < len(loud)), key=lambda m: -loud[m])[: max(1, len(loud) // 15)]:
        if all(abs(frame - other) >= 8 for other in chosen):
            chosen.append(frame)
    return np.array(sorted(chosen), int)


def phrase_ends(phones: tuple[Phone, ...], frames: int, *, least_s: float = 0.15) -> np.ndarray:
    """Frames at which somebody who spoke falls silent for at least `least_s`."""
    pauses = [
        phone.start_s
        for before, phone in pairwise(phones)
        if phone.symbol == SIL and before.symbol != SIL and phone.end_s - phone.start_s >= least_s
    ]
    return np.unique([min(int(start * CLOCK.frame_rate), frames - 1) for start in pauses]).astype(int)
