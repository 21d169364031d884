"""A folder of single pictures of faces, cropped to squares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import Dataset

from vasa.data.module import Endless
from vasa.media.picture import load_picture

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def pictures_of(folder: Path | str) -> list[Path]:
    """The picture files of a folder in the order of their names; raises ValueError where there are none."""
    files = sorted(path for path in Path(folder).glob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise ValueError(f"There is no picture in {folder}; pictures end in {', '.join(SUFFIXES)}.")
    return files


class SquarePictures(Dataset[dict[str, Tensor]]):
    """Sample n: {"picture": [3, S, S]}, a file chosen by (seed, n) alone, or file n where seed is None.

    Raises ValueError for pictures that are not square or smaller than size_px.
    """

    def __init__(self, files: list[Path], *, size_px: int, seed: int | None) -> None:
        self.files, self.size_px, self.seed = files, size_px, seed

    def __len__(self) -> int:
        return len(self.files) if self.seed is None else 1 << 40

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        chosen = number if self.seed is None else self._drawn(number, self.seed)
        return {"picture": square(self.files[chosen], self.size_px)}

    def _drawn(self, number: int, seed: int) -> int:
        return int(np.random.SeedSequence([seed, number]).generate_state(1)[0]) % len(self.files)


def square(file: Path, size_px: int) -> Tensor:
    """One picture [3, S, S]; raises ValueError where it is not square, or smaller."""
    picture = load_picture(file)
    height, width = picture.shape[-2:]
    if height != width or height < size_px:
        raise ValueError(f"{file} has {width} x {height} pixels; take square crops of at least {size_px} a side.")
    small = F.interpolate(picture[None], (size_px, size_px), mode="bilinear", antialias=True, align_corners=False)
    return small[0].clamp(0, 1)


class PictureData(Endless):
    """Batches of single pictures, `size_px` a side; the last `held_out` files are not trained on."""

    def __init__(
        self, folder: str, *, size_px: int, batch_size: int, seed: int, held_out: int, workers: int = 0
    ) -> None:
        files = pictures_of(folder)
        if len(files) < held_out + 2:
            raise ValueError(
                f"{folder} has {len(files)} pictures; {held_out} are held out and 2 or more are needed to learn from."
            )
        train = SquarePictures(files[: len(files) - held_out], size_px=size_px, seed=seed)
        test = SquarePictures(files[len(files) - held_out :], size_px=size_px, seed=None)
        super().__init__(train, test, batch_size=batch_size, workers=workers)
