"""How people of a film move in time, and what is known of how real people do."""

from __future__ import annotations

import numpy as np

from vasa.clock import CLOCK

NEAR_CAMERA = 0.09  # radians from the camera at which a gaze counts as met: about the width of a face at 1.5 m
SACCADE = 0.03  # radians from frame to frame
# Figures of real people, to be read beside those of a film.
TYPICAL = (
    {"what": "blinks_per_minute", "when": "at rest", "value": 17, "source": "Bentivoglio et al. 1997, Mov Disord 12"},
    {"what": "blinks_per_minute", "when": "in talk", "value": 26, "source": "Bentivoglio et al. 1997, Mov Disord 12"},
    {
        "what": "blinks_per_minute", "when": "in talk, usual range", "value": [10.5, 32.5],
        "source": "Doughty 2001, Optom Vis Sci 78",
    },
    {
        "what": "gaze_at_camera", "when": "at the listener, while one speaks", "value": 0.41,
        "source": "Argyle & Ingham 1972, Semiotica 6",
    },
    {
        "what": "gaze_at_camera", "when": "at the speaker, while one listens", "value": 0.75,
        "source": "Argyle & Ingham 1972, Semiotica 6",
    },
    {
        "what": "saccades_up_to_15_degrees", "when": "out of doors", "value": 0.86,
        "source": "Bahill et al. 1975, Invest Ophthalmol 14",
    },
    {
        "what": "lip_rhythm_hz", "when": "range in which mouth and voice move together", "value": [2, 7],
        "source": "Chandrasekaran et al. 2009, PLoS Comput Biol 5",
    },
    {
        "what": "head_change", "when": "degrees a frame at 25 fps as far as can be told, talks on video",
        "value": 0.405, "source": "Xu et al. 2024, VASA-1, OneMin-32",
    },
)  # fmt: skip


def gaze_at_camera(gaze: np.ndarray) -> float:
    """Share of frames whose gaze [T, 2], in the camera's frame, meets the camera."""
    return float((np.linalg.norm(gaze, axis=1) < NEAR_CAMERA).mean())


def saccades(eyes: np.ndarray) -> np.ndarray:
    """Sizes [N] in radians of the jumps of eyes [T, 2] in the head; frames of one jump count together."""
    step = np.diff(eyes, axis=0)
    fast = np.linalg.norm(step, axis=1) > SACCADE
    first = np.flatnonzero(fast & ~np.r_[False, fast[:-1]])
    last = np.flatnonzero(fast & ~np.r_[fast[1:], False])
    return np.array([np.linalg.norm(step[a : b + 1].sum(0)) for a, b in zip(first, last, strict=True)])


def blinks(closed: np.ndarray) -> int:
    """How often either eye's lids begin to be more than half closed: [T, 2] in 0 to 1."""
    shut = closed.max(1) > 0.5
    return int(shut[:1].sum() + (shut[1:] & ~shut[:-1]).sum())


def lip_rhythm_hz(openings: list[np.ndarray]) -> float:
    """The middle of the spectrum of lip opening, below which half of its power lies: tracks [T], in hertz."""
    bins = np.linspace(0.5, CLOCK.frame_rate / 2, 48)
    power = sum((_power(track - track.mean(), bins) for track in openings), np.zeros(len(bins)))
    return float(bins[np.searchsorted(np.cumsum(power), power.sum() / 2)])


def _power(track: np.ndarray, hertz: np.ndarray) -> np.ndarray:
    phases = np.exp(-2j * np.pi * hertz[:, None] * np.arange(len(track)) / CLOCK.frame_rate)
    return np.abs(phases @ (track * np.hanning(len(track)))) ** 2
