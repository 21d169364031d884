"""A face reader for measuring alone: trained as the shipped one is, but apart from it, and used in no loss.

    vasa train reader reader=probe seed=1 data.people=quarter data.folder=FILM output=PROBE

has another network, another seed and a quarter of the people; train the other reader with data.people=rest and they
share nobody. Both model cards say of whom they learned.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from vasa import checkpoint
from vasa.evaluate.judges import AT_ONCE, Reading
from vasa.face.reader import FaceReader
from vasa.face.reading import FaceReading


class Probe:
    """A judge (`vasa.evaluate.judges.Judge`) that reads what a face reader of its own sees.

    folder: a checkpoint of `vasa train reader`; raises ValueError where it holds something else. sure: from which
    probability of a face on a frame counts.
    """

    name = "a face reader trained apart (virtual people, not independent of the film)"

    def __init__(self, folder: Path | str, *, device: torch.device | str = "cpu", sure: float = 0.5) -> None:
        reader = checkpoint.load(folder)
        if not isinstance(reader, FaceReader):
            raise ValueError(f"{folder} holds a {type(reader).__name__}, a probe is a face reader; train one.")
        self._reader, self._device, self._sure = reader.to(device), device, sure
        self.sharp_size = reader.sharp_size

    def __call__(self, frames: Tensor) -> Reading:
        """Frames [T, 3, H, H] in [0, 1], cropped as the film's are."""
        seen = self.read(frames)
        hidden = seen.face < self._sure
        opening, angles = (value.clone() for value in (seen.lip_opening, seen.pose[:, :3]))
        opening[hidden], angles[hidden] = torch.nan, torch.nan
        return Reading(opening, angles)

    @torch.no_grad()
    def read(self, frames: Tensor) -> FaceReading:
        """Everything that is read off frames [T, 3, H, H], on the CPU."""
        parts = [self._reader(some.to(self._device)) for some in frames.split(AT_ONCE)]
        whole = FaceReading.cat(parts)
        return FaceReading(**{name: value.cpu() for name, value in vars(whole).items()})
