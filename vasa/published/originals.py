"""The files of a published model: on a shelf, in a folder, or fetched from the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from torch import nn

from vasa.whole import reason


@dataclass(frozen=True)
class Made:
    """vasa's own parts, by their names in a pipeline, and the `_target_` tree of each and of what joins them."""

    parts: Mapping[str, nn.Module]
    configs: Mapping[str, Any]


@dataclass(frozen=True)
class Originals:
    """What was published. title, licence: to be told. parts: of a pipeline, that it has. hub: repository. files: paths
    in it. megabytes: of them all."""

    title: str
    licence: str
    parts: tuple[str, ...]
    hub: str
    files: tuple[str, ...]
    megabytes: int

    def folder(self, shelf: Path, source: Path | str | None = None) -> Path:
        """Where the files are; they are fetched where neither a source folder nor the shelf has them."""
        if source is not None and Path(source).is_dir():
            return Path(source)
        if source is None and shelf.is_dir():
            return shelf
        return self._fetched(str(source or self.hub), shelf)

    def _fetched(self, hub: str, shelf: Path) -> Path:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

        Console(stderr=True).print(
            f"Fetching {self.title} from {hub}, {self.megabytes} MB, once. Its licence: {self.licence}."
        )
        try:
            copies = [f"{Path(file).stem}.safetensors" for file in self.files]  # as others republish them
            return Path(snapshot_download(hub, allow_patterns=[*self.files, *copies]))
        except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
            names = ", ".join(Path(file).name for file in self.files)
            raise ValueError(
                f"{self.title} is not here, and the hub did not give {hub!r} ({reason(error)}); "
                f"put {names} into {shelf}."
            ) from error
