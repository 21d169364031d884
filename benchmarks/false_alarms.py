"""How often the detector that ships sees a face where there is none.

python benchmarks/false_alarms.py [--beside FOLDER] [--show FOLDER]

Looked at: textures, backdrops of virtual people, noise, gradients, photographs and drawings of scikit-image that show
no human face, and with --beside what portraits show around the head (look at those pieces: a second face is no alarm).
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from PIL import Image, ImageOps
from skimage import data
from torch import Tensor

from vasa.face.crop import Crop
from vasa.face.reader_detector import ReaderDetector
from vasa.face.scatter import enlarged, textures
from vasa.people.looks import backdrop

MADE, SIDE_PX, LONGEST_PX, NARROWEST_PX = 30, 256, 384, 64
FACELESS = (
    "brick", "cat", "cell", "clock", "coffee", "coins", "colorwheel", "grass", "gravel", "horse", "hubble_deep_field",
    "immunohistochemistry", "logo", "microaneurysms", "moon", "page", "retina", "rocket", "text", "checkerboard",
    "shepp_logan_phantom",
)  # fmt: skip
Picture = tuple[str, str, Tensor]  # kind, name, [3, H, W] in [0, 1]


def made(random: torch.Generator, rng: np.random.Generator) -> Iterator[Picture]:
    """Pictures of nothing."""
    for n, texture in enumerate(textures(MADE, SIDE_PX, random)):
        yield "texture", str(n), texture
    for n in range(MADE):
        behind = torch.from_numpy(backdrop(rng)).float() / 255
        yield "backdrop", str(n), enlarged(rearrange(behind, "h w c -> 1 c h w"), SIDE_PX)[0]
    for n, grain in enumerate((8, 16, 32, 64, 128, 256) * 2):
        noise = torch.rand(1, 3 if n % 2 else 1, grain, grain, generator=random)
        yield "noise", str(n), enlarged(noise, SIDE_PX)[0].expand(3, -1, -1)
    for n in range(12):
        ends = torch.rand(3, 2, 2, generator=random)
        yield "gradient", str(n), enlarged(ends[None], SIDE_PX)[0]


def photographs() -> Iterator[Picture]:
    """Pictures of things and animals."""
    for name in FACELESS:
        yield "scikit-image", name, _tensor(Image.fromarray(_bytes(getattr(data, name)())))


def beside(folder: Path, detector: ReaderDetector) -> Iterator[Picture]:
    """What is left of, right of and below the face of each picture in a folder, where it is wide enough."""
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".png", ".jpg", ".jpeg")):
        picture = _tensor(Image.open(path), longest=768)
        try:
            head = detector.find(picture).upright
        except ValueError:
            continue
        for where, piece in _around(picture, head):
            if min(piece.shape[-2:]) >= NARROWEST_PX:
                yield "beside a face", f"{path.stem}-{where}", piece


def _around(picture: Tensor, head: Crop) -> Iterator[tuple[str, Tensor]]:
    reach = 0.55 * head.size_px
    left, right, below = (max(0, int(n)) for n in (head.x_px - reach, head.x_px + reach, head.y_px + reach))
    yield "left", picture[:, :, :left]
    yield "right", picture[:, :, right:]
    yield "below", picture[:, below:]


def _bytes(picture: np.ndarray) -> np.ndarray:
    whole = np.asarray(picture)
    return whole if whole.dtype == np.uint8 else np.round(255.0 * whole / whole.max()).astype(np.uint8)


def _tensor(picture: Image.Image, longest: int = LONGEST_PX) -> Tensor:
    small = ImageOps.contain(picture.convert("RGB"), (longest, longest))
    return torch.from_numpy(rearrange(np.asarray(small), "h w c -> c h w").astype(np.float32) / 255)


def alarm(picture: Tensor, detector: ReaderDetector) -> float:
    """How sure the detector is of a face in [3, H, W]; 0 where it finds none."""
    try:
        return detector.find(picture).face
    except ValueError:
        return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path, help="folder of portraits")
    parser.add_argument("--show", type=Path, help="folder for the pictures that were taken for faces")
    asked = parser.parse_args()
    detector = ReaderDetector.shipped()
    pictures = [*made(torch.Generator().manual_seed(0), np.random.default_rng(0)), *photographs()]
    pictures += beside(asked.beside, detector) if asked.beside else []
    looked, alarms = Counter[str](), Counter[str]()
    for kind, name, picture in pictures:
        looked[kind] += 1
        if (sure := alarm(picture, detector)) > 0:
            alarms[kind] += 1
            print(f"{kind} {name}: {sure:.2f}", flush=True)
            if asked.show:
                asked.show.mkdir(parents=True, exist_ok=True)
                shown = rearrange(picture, "c h w -> h w c").numpy()
                Image.fromarray(np.round(255 * shown).astype(np.uint8)).save(asked.show / f"{kind} {name}.png")
    for kind, count in looked.items():
        print(f"{kind}: {alarms[kind]} of {count}")
    print(f"all: {alarms.total()} of {looked.total()}")


if __name__ == "__main__":
    main()
