"""Fitted people on disk: arrays of the avatar, and the fit in words."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np

from vasa.people.avatar import Avatar
from vasa.people.fitting.make import Fitted
from vasa.whole import beside


def facts(made: Fitted, *, source: str, body: str) -> dict[str, object]:
    """What the report of a fit says."""
    fit = made.fit
    return {
        "source": source,
        "body": body,
        "verdict": "poor" if made.faults else "kept",
        "faults": made.faults,
        "landmark_rms": round(fit.rms, 4),
        "difference": round(made.difference, 3),
        "seen_share": round(made.seen_share, 3),
        "head_degrees": np.rad2deg(fit.head).round(1).tolist(),
        "camera_distance": round(fit.distance, 2),
        "shape": fit.shape.round(3).tolist(),
        "gaze": made.face.gaze.round(3).tolist(),
    }


def save(made: Fitted, path: Path, report: dict[str, object]) -> None:
    """Write `path` (.npz) and a .json beside it, each whole or not at all."""
    with beside(path) as file:
        np.savez_compressed(file, **{f.name: getattr(made.avatar, f.name) for f in fields(Avatar)})
        note(path.with_suffix(".json"), report)


def note(path: Path, report: dict[str, object]) -> None:
    """Write a report as JSON, whole or not at all."""
    with beside(path) as file:
        file.write_text(json.dumps(report, indent=1))
