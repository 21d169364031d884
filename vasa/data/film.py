"""Films of virtual people, as the renderer's training sees them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

from vasa.data.clip import Clip, clips_in


def clips_of(folder: Path | str, split: str) -> list[Clip]:
    """The clips of one split; raises ValueError where the folder holds no film."""
    return [clip for clip in clips_in(Path(folder)) if clip.split == split]


def named(folder: str | Sequence[str]) -> list[str]:
    """One film, or several, as a list."""
    return [folder] if isinstance(folder, str) else list(folder)


def clips_of_all(films: Sequence[Path | str], split: str) -> list[Clip]:
    """The clips of several films, each named FOLDER-CLIP; those of a single film keep their names.

    Raises ValueError where a folder holds no film, or two have one name.
    """
    names = [Path(film).name for film in films]
    if len(set(names)) < len(names):
        raise ValueError(f"Films that are used together have folders of different names; got {', '.join(names)}.")
    of_each = [clips_of(film, split) for film in films]
    for name, clips in zip(names, of_each, strict=True):
        for clip in clips if len(films) > 1 else ():
            clip.name = f"{name}-{clip.name}"
    return [clip for clips in of_each for clip in clips]


def talking(clips: list[Clip]) -> list[Clip]:
    """Clips of people who talk or listen as people do: not those of random expressions or grids, nor of heads that turn
    far, which were made to teach renderers."""
    made_up = ("expression", "grid")
    return [clip for clip in clips if clip.facts.get("kind") not in made_up and not clip.facts.get("wide")]


def expression(labels: dict[str, Tensor]) -> Tensor:
    """Everything labelled that is facial dynamics: [T, E + 13], expression, emotion, eyes, blinks and lip opening.

    Raises ValueError for the labels of a clip that was watched: nobody knows its muscles.
    """
    if "expression" not in labels:
        raise ValueError("This film is of real people, whose expressions nobody labelled; name one of virtual people.")
    opening = labels["lip_opening"][:, None]
    return torch.cat([labels[name] for name in ("expression", "emotion", "eyes", "blink")] + [4 * opening], dim=-1)


def rarity(labels: dict[str, Tensor]) -> Tensor:
    """How often to draw each frame, [T]: closed eyes, open mouths and looks aside are rare, and hard."""
    aside = labels["gaze"].norm(dim=-1).clamp_max(0.5)  # radians
    return 1 + 4 * labels["blink"].amax(-1) + 10 * labels["lip_opening"].clamp(0, 0.3) + 6 * aside


WEIGHED = (2.0,) * 8 + (4.0, 4.0, 3.0, 3.0, 4.0)  # how much more emotion, eyes, blinks and lips count than a muscle
CELL, PART_CELL = 4, 2  # pixels of a frame to a cell of its maps of places, and of parts
EYES, TEETH, MOUTH = 4, 6, 7  # of `vasa.people.regions.PARTS`


class FilmPairs(Dataset[dict[str, Tensor]]):
    """Sample n: one frame of a clip as source and several others as drivers, chosen by (seed, n) alone; `readings`
    more frames, each of any clip, are only to be read (pose and expression), which costs little.

    It has no end: a run is measured in steps, and a resumed one goes on at its own n.

    folder: a film, or several. size: pixels a side that frames are brought to, None where they are what they should be;
    films of several sizes need it. behind: whether samples tell what of each frame lies behind lips and lids.
    """

    def __init__(
        self, folder: str | Sequence[str], *, split: str, drivers: int, readings: int = 0, size: int | None = None,
        seed: int = 0, behind: bool = False,
    ) -> None:  # fmt: skip
        self.clips = clips_of_all(named(folder), split)
        if not self.clips:
            raise ValueError(f"The film in {folder} has no clip of the split {split!r}; film more people.")
        self.drivers, self.readings, self.size, self.seed, self.behind = drivers, readings, size, seed, behind
        self.weights = torch.stack([rarity(clip.labels).sum() for clip in self.clips]).float()

    def expression_spread(self) -> Tensor:
        """How much each label of `expression` varies, [E + 13]: small ones count for less, `WEIGHED` for more."""
        spread = torch.cat([expression(clip.labels) for clip in self.clips]).std(0).clamp_min(0.2)
        spread[-len(WEIGHED) :] /= torch.tensor(WEIGHED)
        return spread

    def __len__(self) -> int:
        return 1 << 40

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        # Mixed, because PyTorch's CPU generator heeds only 32 bits of a seed.
        mixed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        generator = torch.Generator().manual_seed(mixed)
        chosen = torch.multinomial(self.weights, 1 + self.readings, replacement=True, generator=generator).tolist()
        clip = self.clips[chosen[0]]
        index = _drawn(clip, 1 + self.drivers, generator)
        sample = self._labelled(clip, index)
        side = sample["frames"].shape[-1]
        sample |= {"place": shrunk(clip.place(index), (side // CELL,) * 2)}
        if self.behind:
            sample |= {"behind": shrunk(behind_skin(clip.parts(index)), (side // PART_CELL,) * 2)}
        others = [self._labelled(self.clips[n], _drawn(self.clips[n], 1, generator)) for n in chosen[1:]]
        joined = {f"read_{key}": torch.cat([other[key] for other in others]) for key in others[0]} if others else {}
        return sample | joined

    def _labelled(self, clip: Clip, index: np.ndarray) -> dict[str, Tensor]:
        """Frames with their pose and expression."""
        return {
            "frames": brought_to(self.size, clip.frames(index)),
            "pose": clip.labels["pose"][index],
            "expression": expression(clip.labels)[index],
        }


def behind_skin(parts: Tensor) -> Tensor:
    """1 where maps of parts [n, h, w] show what lies behind lips (teeth and tongue among it), and what behind lids
    (eyeballs): [n, 2, h, w] uint8."""
    return torch.stack([(parts == TEETH) | (parts == MOUTH), parts == EYES], dim=1).to(torch.uint8)


def shrunk(place: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps of cells [n, C, h, w] uint8 at `size`, each cell the nearest one's."""
    return place if place.shape[-2:] == size else F.interpolate(place, size=size, mode="nearest")


def brought_to(size: int | None, frames: Tensor) -> Tensor:
    """Frames [n, 3, H, W] uint8 at `size` pixels a side; as they are where it is None."""
    if size is None or frames.shape[-1] == size:
        return frames
    scaled = F.interpolate(frames.float(), size=(size, size), mode="bilinear", antialias=True)
    return scaled.round().clamp(0, 255).to(torch.uint8)


def _drawn(clip: Clip, count: int, generator: torch.Generator) -> np.ndarray:
    return torch.multinomial(rarity(clip.labels), count, replacement=True, generator=generator).numpy()
