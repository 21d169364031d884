"""From phones to mouth shapes: targets, and how neighbours blend (dominance functions, Cohen & Massaro 1993)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vasa.clock import CLOCK
from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS
from vasa.people.phones import PHONES, Phone

Shape = dict[str, float]

CLOSED: Shape = {"MPB_Up": 1.0, "MPB_Down": 1.0}
REST: Shape = {"MPB_Up": 0.6, "MPB_Down": 0.6}
_SPREAD: Shape = {"TD_I": 0.75, "LsmileOpen": 0.15, "RsmileOpen": 0.15}
_WIDE: Shape = {"AE_AA": 0.85}
_ROUND: Shape = {"UW_U": 0.95}
_TIP: Shape = {"TD_I": 0.55, "Up_tg": 0.6}

# One shape, or two for a sound that glides.
VISEMES: dict[str, tuple[Shape, ...]] = {
    "SIL": (REST,),
    "AA": (_WIDE,), "AE": ({"AE_AA": 0.75, "LsmileOpen": 0.15, "RsmileOpen": 0.15},), "AH": ({"Ax_E": 0.8},),
    "AO": ({"AO_a": 0.95},), "AW": (_WIDE, _ROUND), "AY": (_WIDE, _SPREAD), "EH": ({"Ax_E": 0.95},),
    "ER": ({"UH_OO": 0.5, "Ax_E": 0.3},), "EY": ({"Ax_E": 0.9}, _SPREAD), "IH": ({"TD_I": 0.5, "Ax_E": 0.35},),
    "IY": (_SPREAD,), "OW": ({"AO_a": 0.85}, _ROUND), "OY": ({"AO_a": 0.95}, _SPREAD), "UH": ({"UH_OO": 0.85},),
    "UW": (_ROUND,),
    "B": (CLOSED,), "P": (CLOSED,), "M": (CLOSED,), "F": ({"FV": 1.0},), "V": ({"FV": 0.95},),
    "TH": ({"TD_I": 0.5, "OutMiddle_tg": 0.6},), "DH": ({"TD_I": 0.5, "OutMiddle_tg": 0.5},),
    "T": (_TIP,), "D": (_TIP,), "N": (_TIP,), "L": ({"TD_I": 0.3, "Ax_E": 0.3, "Up_tg": 0.8},),
    "K": ({"KG": 0.8},), "G": ({"KG": 0.8},), "NG": ({"KG": 0.7},), "HH": ({"H_EST": 0.6},),
    "S": ({"S": 0.95},), "Z": ({"S": 0.9},), "SH": ({"SH_CH": 0.95},), "ZH": ({"SH_CH": 0.9},),
    "CH": ({"SH_CH": 0.95},), "JH": ({"SH_CH": 0.9},), "R": ({"UH_OO": 0.6},), "W": (_ROUND,), "Y": (_SPREAD,),
}  # fmt: skip

LIPS_SHUT = frozenset(("P", "B", "M"))
LIP_ON_TEETH = frozenset(("F", "V"))
VOWELS = frozenset(("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"))
_EXACT = LIPS_SHUT | LIP_ON_TEETH | {"SIL"}
_STRONG = LIPS_SHUT | LIP_ON_TEETH | {"W", "SH", "ZH", "CH", "JH"}
assert set(VISEMES) == set(PHONES)


def shape(weights: Shape) -> np.ndarray:
    """Named weights as a row of EXPRESSIONS [E]."""
    row = np.zeros(len(EXPRESSIONS))
    for name, weight in weights.items():
        row[EXPRESSION_INDEX[name]] = weight
    return row


def mouth_track(phones: Sequence[Phone], frames: int, *, effort: float = 1.0) -> np.ndarray:
    """Mouth shapes [T, E] at the middle of each frame; `effort` scales all but closures, which are complete."""
    times = (np.arange(frames) + 0.5) / CLOCK.frame_rate
    pieces = [piece for phone in phones for piece in _pieces(phone)]
    shapes = np.stack([shape(p) * (1 if s in _EXACT else effort) for s, p, _, _ in pieces])
    away = np.stack([_outside(times, a, b) for _, _, a, b in pieces], axis=1)  # [T, pieces] seconds
    strength = np.array([_strength(s) for s, *_ in pieces])
    reach_s = np.array([_reach_s(s) for s, *_ in pieces])
    dominance = strength * np.exp(-away / reach_s)
    track = dominance @ shapes / dominance.sum(1, keepdims=True)
    for symbols in (LIP_ON_TEETH, LIPS_SHUT):
        for phone in phones:
            if phone.symbol in symbols:
                held = hold(times, phone)[:, None]
                track = (1 - held) * track + held * shape(VISEMES[phone.symbol][0])
    return track


def hold(times: np.ndarray, phone: Phone, *, ramp_s: float = 0.045) -> np.ndarray:
    """1 while the lips must hold a closure, at least in the frame nearest to its middle; 0 a ramp away."""
    middle = times[np.argmin(np.abs(times - (phone.start_s + phone.end_s) / 2))]
    early, late = min(phone.start_s + 0.012, middle), max(phone.end_s - 0.012, middle)
    return 0.5 + 0.5 * np.cos(np.pi * np.clip(_outside(times, early, late) / ramp_s, 0, 1))


def lips_held(phones: Sequence[Phone], frames: int) -> np.ndarray:
    """How much the lips are bound to touch, by a closure or by silence: [T] in 0 to 1."""
    times = (np.arange(frames) + 0.5) / CLOCK.frame_rate
    bound = [hold(times, phone) for phone in phones if phone.symbol in LIPS_SHUT | {"SIL"}]
    return np.max(bound, axis=0) if bound else np.zeros(frames)


def _pieces(phone: Phone) -> list[tuple[str, Shape, float, float]]:
    shapes = VISEMES[phone.symbol]
    edges = np.linspace(phone.start_s, phone.end_s, len(shapes) + 1)
    return [(phone.symbol, s, a, b) for s, a, b in zip(shapes, edges[:-1], edges[1:], strict=True)]


def _outside(times: np.ndarray, start: float, end: float) -> np.ndarray:
    return np.maximum(np.maximum(start - times, times - end), 0)


def _strength(symbol: str) -> float:
    if symbol in _STRONG:
        return 4.0
    return 1.5 if symbol in VOWELS or symbol == "SIL" else 0.8


def _reach_s(symbol: str) -> float:
    if symbol in LIPS_SHUT or symbol in LIP_ON_TEETH:
        return 0.02
    return 0.05 if symbol in VOWELS else 0.035
