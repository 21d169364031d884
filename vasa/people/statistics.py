"""What a film shows, in numbers: how far heads turn, where eyes look, how often they blink, what is said and felt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from einops import rearrange

from vasa.clock import CLOCK
from vasa.data.clip import Clip, clips_in
from vasa.data.shards import beside
from vasa.people.phones import PHONES
from vasa.people.rhythm import TYPICAL, blinks, gaze_at_camera, lip_rhythm_hz, saccades
from vasa.types import EMOTIONS

_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_POSE = ("yaw", "pitch", "roll", "x", "y", "log_scale")


def write_statistics(film: Path) -> Path:
    """Measure the clips of a film and write `statistics.json` beside it; angles are radians.

    Raises ValueError where the film has no clip yet.
    """
    clips = clips_in(film)
    if not clips:
        raise ValueError(f"The film in {film} has no clip yet, so there is nothing to measure.")
    path = film / "statistics.json"
    with beside(path) as file:
        file.write(json.dumps(measure(clips), indent=1).encode())
    return path


def measure(clips: list[Clip]) -> dict[str, Any]:
    """The numbers of `statistics.json` for some clips."""
    facts = [clip.facts for clip in clips]
    tracks = [{name: values.numpy() for name, values in clip.labels.items()} for clip in clips]
    talks = [n for n, fact in enumerate(facts) if fact["kind"] == "speech"]
    usual = [tracks[n] for n in talks if not (facts[n]["wide"] or facts[n].get("directed"))]
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
        "talking": _talking(usual),
        "emotions": _named(EMOTIONS, whole["emotion"].mean(0)),
        "phones": _shares([tracks[n]["phone"] for n in talks]),
        "lip_opening": spread(np.concatenate([tracks[n]["lip_opening"] for n in talks])) if talks else {},
        "lips_with_loudness": spread(np.array([_together(clips[n], tracks[n]) for n in talks])) if talks else {},
        "typical": TYPICAL,
    }


def _talking(tracks: list[dict[str, np.ndarray]]) -> dict[str, float]:
    """Rhythms of people who talk and turn no farther than people do, under the names that TYPICAL has."""
    if not tracks:
        return {}
    frames = sum(len(track["pose"]) for track in tracks)
    jumps = np.concatenate([saccades(track["eyes"]) for track in tracks])
    turns = np.concatenate([np.linalg.norm(np.diff(track["pose"][:, :3], axis=0), axis=1) for track in tracks])
    numbers = {
        "blinks_per_minute": sum(blinks(track["blink"]) for track in tracks) * 60 * CLOCK.frame_rate / frames,
        "gaze_at_camera": gaze_at_camera(np.concatenate([track["gaze"] for track in tracks])),
        "saccades_per_minute": len(jumps) * 60 * CLOCK.frame_rate / frames,
        "saccades_up_to_15_degrees": float((jumps < np.deg2rad(15)).mean()) if len(jumps) else 1.0,
        "lip_rhythm_hz": lip_rhythm_hz([track["lip_opening"] for track in tracks]),
        "head_change": float(np.rad2deg(turns.mean())),
    }
    return {name: round(number, 4) for name, number in numbers.items()}


def spread(values: np.ndarray) -> dict[str, float]:
    """Mean, standard deviation and quantiles of numbers [N]."""
    numbers = {"mean": values.mean(), "std": values.std()}
    numbers |= {f"q{100 * q:02.0f}": np.quantile(values, q) for q in _QUANTILES}
    return {name: round(float(number), 5) for name, number in numbers.items()}


def loudness(samples: np.ndarray) -> np.ndarray:
    """Root mean square of each frame's samples: [S] -> [T]."""
    chunks = rearrange(samples, "(t s) -> t s", s=CLOCK.samples_per_frame)
    return np.sqrt(np.square(chunks).mean(1))


def _together(clip: Clip, track: dict[str, np.ndarray]) -> float:
    """Correlation of lip opening and loudness over a clip; 0 where one of them never changes."""
    heard, opening = loudness(clip.speech().numpy()), track["lip_opening"]
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
