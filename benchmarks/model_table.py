"""The table of a model card: what was measured of several models, a column each, in Markdown.

    python -m benchmarks.model_table mini=REPORTS/mini small=REPORTS/small [-o FILE]

A folder holds what these commands wrote into it, as far as they were run; what is missing is a dash. FILM is a film of
held-out people (`vasa people film split=test`), at least as large as the pictures of the largest model.

    vasa evaluate FILM --model NAME -o FOLDER --clips 40            # report.json
    vasa evaluate FILM --model NAME -o FOLDER --controls            # controls.json
    vasa evaluate FILM --model NAME -o FOLDER --speaking            # speaking.json
    python -m benchmarks.long_show --model NAME -o FOLDER/long.json
    vasa bench --model NAME -o FOLDER/bench.json
    vasa bench --model NAME -o FOLDER/live.json --stride 10
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPORT, CONTROLS, SPEAKING = "report.json", "controls.json", "speaking.json"
LONG, BENCH, LIVE = "long.json", "bench.json", "live.json"


@dataclass(frozen=True)
class Row:
    """One measure: its name, the file and the keys that lead to it, how it is written, and where the truth's own is."""

    name: str
    file: str
    keys: tuple[str, ...]
    form: str = "{:.2f}"
    truth: tuple[str, ...] = ()
    goal: str = ""


def _shown(name: str, key: str, form: str = "{:.2f}", truth: str = "", goal: str = "") -> Row:
    return Row(name, REPORT, ("numbers", key), form, ("numbers", truth) if truth else (), goal)


def _asked(name: str, key: str, form: str, truth: str = "", goal: str = "") -> Row:
    of_reader = ("of_the_reader_on_true_frames", truth) if truth else ()
    return Row(name, CONTROLS, ("numbers", key), form, of_reader, goal)


def _spoken(name: str, key: str, form: str = "{:.2f}", goal: str = "") -> Row:
    return Row(name, SPEAKING, ("lips", "spoken", key), form, ("lips", "filmed", key), goal)


ROWS = (
    _shown("self-reenactment: PSNR, dB", "psnr_db", "{:.1f}", goal="27 at 256 px"),
    _shown("the same on the person alone, dB", "person_psnr_db", "{:.1f}"),
    _shown("SSIM", "ssim"),
    _shown("perceptual distance", "perceptual", "{:.3f}"),
    _shown("identity: as themselves", "identity_reenacted", truth="identity_filmed"),
    _shown("identity: moving as somebody else", "identity_crossed", truth="identity_filmed"),
    _shown("likeness to who drives (of strangers, low)", "identity_driver"),
    _shown("head turned as asked: largest miss, degrees", "yaw_miss_deg", "{:.1f}"),
    _asked("gaze as asked: error, degrees", "gaze_error_deg", "{:.1f}", "gaze_error_deg", "5"),
    _asked("distance as asked: error, %", "distance_error_percent", "{:.1f}", "distance_error_percent", "3"),
    _asked("emotion recognised", "emotion_recognised", "{:.0%}", "emotion_recognised", "70%"),
    _spoken("lip opening: r with the truth", "lip_r", goal="0.85"),
    _spoken("lip offset, frames", "lip_lag_frames", "{:+.0f}"),
    _spoken("P, B, M with shut lips", "shut_on_pbm", "{:.0%}"),
    _spoken("open vowels above P, B, M: AUC", "open_auc"),
    Row("the same on recorded sentences", SPEAKING, ("lips", "recordings", "open_auc"), goal="0.85"),
    _shown("jitter of the head, degrees", "jitter_deg", truth="jitter_filmed_deg"),
    Row("sharpness in the last minute of ten, over the first", LONG, ("drift", "sharpness", "last/first")),
    Row("identity in the first minute", LONG, ("drift", "identity", "first")),
    Row("identity in the last minute", LONG, ("drift", "identity", "last")),
    Row("memory after the first minute, MB", LONG, ("peak_memory_mb", "0"), "{:.0f}", goal="below 3000"),
    Row("memory after the last minute, MB", LONG, ("peak_memory_mb", "-1"), "{:.0f}", goal="below 3000"),
    Row("frames a second, sound to mp4", BENCH, ("frames_a_second",), "{:.1f}", goal="25"),
    Row("first frame after the first sound, in steps of 10 frames, s", LIVE, ("first_frame_s",), goal="1.5"),
    Row("in such steps: times as fast as the sound", LIVE, ("real_time_factor",), goal="1"),
)


def table(folders: Mapping[str, Path]) -> str:
    """Markdown of the reports in these folders, by model; raises ValueError where there is none at all."""
    found = {name: _reports(folder) for name, folder in folders.items()}
    if empty := [str(folders[name]) for name, reports in found.items() if not reports]:
        raise ValueError(f"There is no report in {empty[0]}; this file names the commands that write them.")
    heads = ["", *found, "the films themselves", "goal"]
    lines = [_line(heads), _line(["---", *["---:"] * (len(heads) - 1)])]
    for row in ROWS:
        truth = next((value for one in found.values() if (value := _value(one, row.file, row.truth)) is not None), None)
        cells = [_cell(_value(one, row.file, row.keys), row.form) for one in found.values()]
        lines.append(_line([row.name, *cells, _cell(truth, row.form), row.goal]))
    return "\n".join([*lines, "", *_told(found)]) + "\n"


def _reports(folder: Path) -> dict[str, Any]:
    files = [folder / name for name in (REPORT, CONTROLS, SPEAKING, LONG, BENCH, LIVE)]
    return {file.name: json.loads(file.read_text()) for file in files if file.is_file()}


def _value(reports: Mapping[str, Any], file: str, keys: tuple[str, ...]) -> float | None:
    """The number that keys lead to; None where they lead nowhere."""
    found = reports.get(file) if keys else None
    for key in keys:
        if key == "last/first" and isinstance(found, dict):
            return found["last"] / found["first"]
        if isinstance(found, list):
            found = found[int(key)] if found else None
        else:
            found = found.get(key) if isinstance(found, dict) else None
    return found


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _told(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Who measured, and on what."""
    lines = []
    for name, reports in found.items():
        shown, asked, spoken, quick = (reports.get(file, {}) for file in (REPORT, CONTROLS, SPEAKING, BENCH))
        parts = [
            f"{len(shown['clips'])} clips of {shown.get('film', 'a film')}, {shown.get('likeness', '')}, heads read by "
            f"{shown['judge']}" if shown else "",
            f"controls asked of {asked['people']} people, read by {asked['reader']}" if asked else "",
            f"lips of {spoken['clips']} clips, read by {spoken['reader']}" if spoken else "",
            f"speed on {quick['machine']}" if quick else "",
        ]  # fmt: skip
        lines.append(f"`{name}`: {'; '.join(filter(None, parts))}.")
    return lines


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("reports", nargs="+", metavar="NAME=FOLDER")
    options.add_argument("-o", "--output", type=Path)
    asked = options.parse_args()
    pairs = [words.partition("=")[::2] for words in asked.reports]
    try:
        made = table({name: Path(folder or name) for name, folder in pairs})
    except ValueError as error:
        raise SystemExit(f"model_table: {error}") from None
    print(made, end="")
    if asked.output:
        asked.output.write_text(made)


if __name__ == "__main__":
    main()
