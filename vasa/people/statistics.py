"""What a film shows, in numbers: how far heads turn, where eyes look, how often they blink, what is said and felt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from einops import rearrange

from vasa.audio.files import read_speech
from vasa.clock import CLOCK
from vasa.people.phones import PHONES
from vasa.types import EMOTIONS

_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_POSE = ("yaw", "pitch", "roll", "x", "y", "log_scale")
TYPICAL = (
    {"what": "blinks a minute at rest", "value": 17, "source": "Bentivoglio et al. 1997, Movement Disorders 12(6)"},
    {"what": "blinks a minute in talk", "value": 26, "source": "Bentivoglio et al. 1997, Movement Disorders 12(6)"},
    {
        "what": "change of head angles a frame at 25 fps, in degrees as far as can be told, in real video of talks",
        "value": 0.405,
        "source": "Xu et al. 2024, VASA-1, OneMin-32",
    },
)


def write_statistics(film: Path) -> Path:
    """Measure the clips that film.json names and write `statistics.json` beside it; angles are radians.

    Raises ValueError where the film has no clip yet.
    """
    clips = [film / "clips" / name for name in json.loads((film / "film.json").read_text())["clips"]]
    if not clips:
        raise ValueError(f"The film in {film} has no clip yet, so there is nothing to measure.")
    path = film / "statistics.json"
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(measure(clips), indent=1))
    partial.replace(path)
    return path


def measure(clips: list[Path]) -> dict[str, Any]:
    """The numbers of `statistics.json` for some clip folders."""
    facts = [json.loads((clip / "clip.json").read_text()) for clip in clips]
    tracks = [dict(np.load(clip / "labels.npz")) for clip in clips]
    talks = [n for n, fact in enumerate(facts) if fact["kind"] == "speech"]
    whole = {name: np.concatenate([track[name] for track in tracks]) for name in ("pose", "gaze", "emotion", "phone")}
    frames = len(whole["pose"])
    return {
        "clips": len(clips),
        "minutes": frames / CLOCK.frame_rate / 60,
        "people": len({fact["person"] for fact in facts}),
        "voices": len({facts[n]["voice"] for n in talks}),
        "kinds": _counted([fact["kind"] for fact in facts]),
        "splits": _counted([fact["split"] for fact in facts]),
        "pose": {name: spread(whole["pose"][:, i]) for i, name in enumerate(_POSE)},
        "pose_change": {name: _change(tracks, i) for i, name in enumerate(_POSE[:3])},
        "gaze": {name: spread(whole["gaze"][:, i]) for i, name in enumerate(("yaw", "pitch"))},
        "blinks_per_minute": sum(blinks(track["blink"]) for track in tracks) * 60 * CLOCK.frame_rate / frames,
        "emotions": _named(EMOTIONS, whole["emotion"].mean(0)),
        "phones": _shares([tracks[n]["phone"] for n in talks]),
        "lip_opening": spread(np.concatenate([tracks[n]["lip_opening"] for n in talks])) if talks else {},
        "lips_with_loudness": spread(np.array([_together(clips[n], tracks[n]) for n in talks])) if talks else {},
        "typical": TYPICAL,
    }


def spread(values: np.ndarray) -> dict[str, float]:
    """Mean, standard deviation and quantiles of numbers [N]."""
    numbers = {"mean": values.mean(), "std": values.std()}
    numbers |= {f"q{100 * q:02.0f}": np.quantile(values, q) for q in _QUANTILES}
    return {name: round(float(number), 5) for name, number in numbers.items()}


def blinks(closed: np.ndarray) -> int:
    """How often either eye's lids begin to be more than half closed: [T, 2] in 0 to 1."""
    shut = closed.max(1) > 0.5
    return int(shut[:1].sum() + (shut[1:] & ~shut[:-1]).sum())


def loudness(samples: np.ndarray) -> np.ndarray:
    """Root mean square of each frame's samples: [S] -> [T]."""
    chunks = rearrange(samples, "(t s) -> t s", s=CLOCK.samples_per_frame)
    return np.sqrt(np.square(chunks).mean(1))


def _together(clip: Path, track: dict[str, np.ndarray]) -> float:
    """Correlation of lip opening and loudness over a clip; 0 where one of them never changes."""
    heard, opening = loudness(read_speech(clip / "speech.wav")), track["lip_opening"]
    if heard.std() == 0 or opening.std() == 0:
        return 0.0
    return float(np.corrcoef(heard, opening)[0, 1])


def _change(tracks: list[dict[str, np.ndarray]], axis: int) -> float:
    """Mean absolute change of a pose angle from frame to frame."""
    return float(np.concatenate([np.abs(np.diff(track["pose"][:, axis])) for track in tracks]).mean())


def _counted(names: list[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}


def _shares(phones: list[np.ndarray]) -> dict[str, float]:
    """Share of the talking frames in which each phone sounds."""
    if not phones:
        return {}
    counts = np.bincount(np.concatenate(phones), minlength=len(PHONES))
    return _named(PHONES, counts / counts.sum())


def _named(names: tuple[str, ...], shares: np.ndarray) -> dict[str, float]:
    return {name: round(float(share), 5) for name, share in zip(names, shares, strict=True)}
