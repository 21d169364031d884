"""Whether a film hides what should be hidden: eyes behind shut lids, teeth behind closed lips, by its labels.

python benchmarks/closures.py FILM [--clips 640]
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from einops import rearrange

from vasa.data.clip import Clip, clips_in
from vasa.people.avatar import EXPRESSION_INDEX
from vasa.people.fitting.polygon import inside
from vasa.people.regions import PARTS

SHUT = 0.98  # of a shape's full strength
FRONTAL = np.deg2rad(20)
LIDS, LIPS = (
    [EXPRESSION_INDEX[name] for name in names] for names in (("LeyeClose", "ReyeClose"), ("MPB_Up", "MPB_Down"))
)
EYES, WET = [PARTS.index("eyes")], [PARTS.index("teeth"), PARTS.index("mouth")]
INNER = 0.9  # of jaw and brows: landmarks lie on the edge
FEW = 8  # frames of each sort that one clip gives at most
Seen = tuple[str, int]  # which property, and how many pixels of the part map break it


def looked_at(clip: Clip) -> Iterator[Seen]:
    """Each frame of a clip that shows a property."""
    expression, pose = clip.labels["expression"].numpy(), clip.labels["pose"].numpy()
    frontal = (np.abs(pose[:, :2]) < FRONTAL).all(1)
    shut = (expression[:, LIDS] >= SHUT).all(1)
    closed = (expression[:, LIPS] >= SHUT).all(1)
    for _, parts in _some(clip, shut):
        yield "eyes seen through shut lids", int(np.isin(parts, EYES).sum())
    for _, parts in _some(clip, closed):
        yield "teeth or mouth seen between closed lips", int(np.isin(parts, WET).sum())
    for frame, parts in _some(clip, frontal):
        points = clip.labels["landmarks"][frame, :, :2].numpy()
        outline = np.r_[points[:17], points[17:27][::-1]]
        outline = outline.mean(0) + INNER * (outline - outline.mean(0))
        yield "background seen within the face", int((_within(parts, outline) & (parts == 0)).sum())
        yield "teeth or mouth seen outside the lips", int((~_within(parts, points[48:60]) & np.isin(parts, WET)).sum())


def _some(clip: Clip, chosen: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Part maps [h, w] of a few of the chosen frames."""
    frames = np.flatnonzero(chosen)
    frames = frames[np.unique(np.linspace(0, len(frames) - 1, min(FEW, len(frames))).astype(int))]
    if len(frames):
        yield from zip(frames.tolist(), clip.parts(frames).numpy(), strict=True)


def _within(parts: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """Cells [h, w] in an outline [K, 2] in crop units."""
    side = len(parts)
    cells = (rearrange(np.mgrid[:side, :side][::-1], "xy y x -> (y x) xy") + 0.5) / side * 2 - 1
    return rearrange(inside(cells, outline), "(y x) -> y x", y=side)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film", type=Path)
    parser.add_argument("--clips", type=int, default=640)
    asked = parser.parse_args()
    clips = clips_in(asked.film)
    found, people = defaultdict[str, list[int]](list), defaultdict[str, set[int]](set)
    for number in np.unique(np.linspace(0, len(clips) - 1, min(asked.clips, len(clips))).astype(int)):
        clip = clips[number]
        whose = "made from a portrait" if clip.facts["fitted"] else "virtual"
        for what, pixels in looked_at(clip):
            found[f"{what}, {whose}"].append(pixels)
            people[f"{what}, {whose}"].add(clip.facts["person"])
    for what, pixels in sorted(found.items()):
        wrong = np.array(pixels)
        print(
            f"{what}: {(wrong > 0).mean():.2%} of {len(wrong)} frames of {len(people[what])} people, "
            f"{wrong.mean():.2f} pixels on average, {wrong.max()} at most"
        )


if __name__ == "__main__":
    main()
