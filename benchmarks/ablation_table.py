"""The table of an ablation: one row a recipe, means over its seeds."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

COLUMNS = (
    ("same face, other pose: cosine", "codes", "face_cosine"),
    ("other face: cosine", "codes", "other_face_cosine"),
    ("same motion, other person: cosine", "codes", "motion_cosine"),
    ("yaw leak, R2", "codes", "yaw_leak"),
    ("pitch leak, R2", "codes", "pitch_leak"),
    ("person leak", "codes", "person_leak"),
    ("swapped: PSNR", "grid swapped", "person_psnr_db"),
    ("pose, degrees", "grid swapped", "pose_deg"),
    ("lips, r", "grid swapped", "lip_r"),
    ("self: PSNR", "self", "person_psnr_db"),
    ("identity", "self", "identity"),
    ("crossed: PSNR", "crossed", "person_psnr_db"),
    ("identity", "crossed", "identity"),
    ("lips, r", "crossed", "lip_r"),
)


def table(reports: Mapping[str, Sequence[Path]], about: str) -> str:
    """Markdown of reports of `vasa evaluate --apart`, by row; those that are not there yet are left out."""
    found = {row: [json.loads(path.read_text()) for path in paths if path.is_file()] for row, paths in reports.items()}
    lines = [_line(["row", "seeds", *(heading for heading, *_ in COLUMNS)]), _line(["---"] * (2 + len(COLUMNS)))]
    for row, measured in found.items():
        if measured:
            lines.append(_line([row, str(len(measured)), *(_cell(measured, *place) for _, *place in COLUMNS)]))
    first = next(measured[0] for measured in found.values() if measured)
    told = (
        f"{about} Measured on {first['people']} people and {first['motions']} motions of {first['film']}, read by "
        f"{first['reader']}. Person leak by guessing is {first['codes']['person_chance']:.3g}; PSNR, in dB, is of the "
        "person alone; with more seeds the standard deviation over them follows."
    )
    return "\n".join([told, "", *lines, ""])


def _cell(reports: Sequence[Mapping[str, Any]], part: str, name: str) -> str:
    """Mean and standard deviation over seeds; - where one of them could not be measured."""
    values = [(report["codes"] if part == "codes" else report["shown"][part])[name] for report in reports]
    if None in values:
        return "-"
    spread = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.3g}{spread}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
