"""Real and painted portraits that say recorded sentences: what can be measured where there is no truth to compare with.

    python -m benchmarks.portraits PICTURES SENTENCES [--model NAME] [--judge FILE] [--seconds 6] -o FOLDER

PICTURES is a folder of portraits, SENTENCES one of LJ Speech sentences with alignment.json; each portrait says another.
Lips and heads are read by the face reader that ships, or by MediaPipe where --judge names its .task file; the reader
tells people apart. Writes portraits.json and sheet.png: the portrait, frames all over the clip, and the widest mouth.
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.long_show import look_of
from vasa import Pipeline
from vasa.cli.evaluate_motion import lip_judge, reader_for
from vasa.cli.writing import write_report
from vasa.evaluate.head import jitter, pose_variation
from vasa.evaluate.judges import Judge, Reading
from vasa.evaluate.likeness import Reads
from vasa.evaluate.lips import open_auc
from vasa.media.picture import save_picture
from vasa.people.phones import phone_track
from vasa.people.recorded import recorded_ljspeech
from vasa.people.voices import Utterance
from vasa.shipped import DEFAULT

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
LAGS = (-4, -2, 0, 2, 4)  # frames that the picture is shifted by: sync is best where nothing is
COLUMNS, SIDE_PX = 5, 128  # of a row of the sheet


@dataclass(frozen=True)
class Said:
    """One portrait that speaks: its numbers, and a row of the sheet [3, h, w]."""

    numbers: dict[str, float]
    row: Tensor


def say(pipe: Pipeline, portrait: Path | Tensor, sentence: Utterance, judge: Judge, reader: Reads) -> Said:
    """Animate and measure one portrait; what the detector says of it is counted as warned."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        sitter = pipe.sitter(portrait, paste=False)
    shown = pipe(sitter, (torch.from_numpy(sentence.samples), pipe.clock.sample_rate)).frames
    seen, looks = judge(shown), look_of(sitter.stage.face, reader)(shown).mean(0)
    numbers = {
        "identity": float(looks[1]), "sharpness": float(looks[0]), "jitter_deg": jitter(seen.angles),
        "head_deg_a_frame": pose_variation([seen.angles]), "warned": float(bool(told)),
        "face_seen": float((~seen.opening.isnan()).double().mean()),
        **synchrony(seen, sentence, pipe.clock.frame_rate),
    }  # fmt: skip
    return Said(numbers, row_of(sitter.stage.face, shown, seen))


def synchrony(seen: Reading, sentence: Utterance, frame_rate: int) -> dict[str, float]:
    """How surely lips are more open on open vowels than on P, B and M, at every lag; the picture is late by it."""
    middles = (torch.arange(len(seen.opening)) + 0.5) / frame_rate
    phones = torch.from_numpy(phone_track(sentence.phones, middles.numpy())).long()
    pairs = {lag: (seen.opening[max(0, lag) :], phones[max(0, -lag) :]) for lag in LAGS}
    cut = {lag: min(map(len, pair)) for lag, pair in pairs.items()}
    return {f"open_auc_{lag:+d}": open_auc(*(some[: cut[lag]] for some in pair)) for lag, pair in pairs.items()}


def row_of(face: Tensor, shown: Tensor, seen: Reading) -> Tensor:
    """The portrait, some frames and the widest mouth, side by side."""
    even = torch.linspace(0, len(shown) - 1, COLUMNS).long()
    widest = shown[int(seen.opening.nan_to_num(-math.inf).argmax())]
    pictures = torch.stack([face, *shown[even], widest])
    return torch.cat([*F.interpolate(pictures, (SIDE_PX, SIDE_PX), mode="bilinear", antialias=True)], dim=-1)


def shortened(sentence: Utterance, seconds: float, rate: int) -> Utterance:
    """The first seconds of it."""
    samples = sentence.samples[: round(seconds * rate)]
    return Utterance(sentence.voice, sentence.text, sentence.split, samples, sentence.phones)


def averaged(rows: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Means over portraits, of what could be measured."""
    names = next(iter(rows.values()))
    return {name: float(torch.tensor([row[name] for row in rows.values()]).nanmean()) for name in names}


def pictures_in(folder: Path) -> list[Path]:
    """Portraits by name; raises ValueError where there are none."""
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise ValueError(f"There is no picture in {folder}; name a folder of portraits.")
    return found


def pairs(pictures: Sequence[Path], sentences: Sequence[Utterance]) -> Iterator[tuple[Path, Utterance]]:
    """Each portrait with another sentence, round and round."""
    return ((picture, sentences[n % len(sentences)]) for n, picture in enumerate(pictures))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("pictures", type=Path)
    options.add_argument("sentences", type=Path)
    options.add_argument("--model", default=DEFAULT)
    options.add_argument("--device")
    options.add_argument("--judge", metavar="FILE", help="MediaPipe's face_landmarker .task file, or a probe's folder")
    options.add_argument("--seconds", type=float, default=6.0, help="of each sentence, at most")
    options.add_argument("-o", "--output", type=Path, required=True)
    asked = options.parse_args()
    sentences = [one for one in recorded_ljspeech(asked.sentences) if one.split == "test"]
    pictures = pictures_in(asked.pictures)
    asked.output.mkdir(parents=True, exist_ok=True)
    pipe = Pipeline.from_pretrained(asked.model, device=asked.device)
    (judge, name), (reader, _) = lip_judge(asked.judge, pipe), reader_for(None, pipe)
    said = {
        picture.name: say(pipe, picture, shortened(sentence, asked.seconds, pipe.clock.sample_rate), judge, reader)
        for picture, sentence in pairs(pictures, sentences)
    }
    rows = {picture: one.numbers for picture, one in said.items()}
    facts = {"model": asked.model, "judge": name, "portraits": len(rows)}
    write_report(asked.output / "portraits.json", facts | {"numbers": averaged(rows), "each": rows})
    save_picture(torch.cat([one.row for one in said.values()], dim=-2), asked.output / "sheet.png")
    for what, value in averaged(rows).items():
        print(f"{what:>18} {value:.3f}")


if __name__ == "__main__":
    main()
