"""Motion as a file: safetensors with the space that it is of, to be looked at, edited and shown again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from vasa.space import MotionSpace
from vasa.types import Motion
from vasa.whole import beside

VERSION = "1"


@dataclass(frozen=True)
class SavedTrack:
    """Motion and the space whose numbers it is in."""

    motion: Motion
    space: MotionSpace

    def save(self, path: Path | str) -> Path:
        """Write pose [B, T, 6] and dynamics [B, T, N]; an old file survives a failure.

        Raises ValueError where the motion is not of the space, and FileNotFoundError where there is no such folder.
        """
        self.space.pack(self.motion)
        place = Path(path)
        if not place.parent.is_dir():
            raise FileNotFoundError(f"There is no folder {place.parent} to write {place.name} into; make it first.")
        tensors = {"pose": self.motion.pose, "dynamics": self.motion.dynamics}
        kept = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        with beside(place) as file:
            save_file(kept, file, metadata={"vasa_track": VERSION, "space": json.dumps(asdict(self.space))})
        return place

    def of(self, space: MotionSpace) -> Motion:
        """The motion, for a model with this space; raises ValueError where it is of another."""
        if self.space != space:
            raise ValueError(f"This track is of the space {self.space}, the model's is {space}: take its own model.")
        return self.motion

    @classmethod
    def load(cls, path: Path | str) -> SavedTrack:
        """Read such a file; raises ValueError where it is none, FileNotFoundError where there is none."""
        if not Path(path).is_file():
            raise FileNotFoundError(f"There is no file {path}.")
        try:
            with safe_open(path, "pt") as file:
                facts = file.metadata() or {}
                if facts.get("vasa_track") != VERSION:
                    raise ValueError(f"{path} is no motion track of version {VERSION}; save one with SavedTrack.save.")
                motion = Motion(file.get_tensor("pose"), file.get_tensor("dynamics"))
            return cls(motion, MotionSpace(**json.loads(facts["space"])))
        except (SafetensorError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is no motion track, or damaged ({error}).") from error
