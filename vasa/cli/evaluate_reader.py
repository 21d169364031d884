"""`vasa evaluate PLACE --reader`: a face reader on a film's held-out people, or on pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from vasa.cli.writing import bar, write_report

if TYPE_CHECKING:
    from torch import Tensor

FRAMES = 8  # of each clip


def measure(place: str, reader: str, device: str | None, folder: Path, *, report: str, sheet: str) -> None:
    """Write the report and the sheet into a folder, and print one table; raises ValueError."""
    from vasa.media.picture import save_picture

    film = (Path(place) / "film.json").is_file()
    if device is not None and not film:
        raise ValueError("Pictures are looked at on the CPU: leave out --device, or name a film.")
    numbers, picture = _on_film(place, reader, device) if film else _on_pictures(place, reader)
    write_report(folder / report, {"reader": reader, "on": place, "numbers": numbers})
    save_picture(picture, folder / sheet)
    table = Table(title=f"{reader} on {place}", show_header=False)
    for name, value in numbers.items():
        table.add_row(name, f"{value:.3f}")
    Console().print(table)


def _on_film(place: str, reader: str, device: str | None) -> tuple[Mapping[str, float], Tensor]:
    from vasa import device as devices
    from vasa.evaluate.probe import Probe
    from vasa.evaluate.reader import film_sheet, numbers, read_film

    film = read_film(Probe(reader, device=devices.choose(device)), place, frames=FRAMES)
    return numbers(film), film_sheet(film)


def _on_pictures(place: str, reader: str) -> tuple[Mapping[str, float], Tensor]:
    from vasa.evaluate.reader import as_row, look_at, picture_sheet
    from vasa.face.reader_detector import ReaderDetector

    with bar() as progress:
        seen = [*progress.track(look_at(ReaderDetector.of(reader), place), description="pictures")]
    return as_row(seen), picture_sheet(seen)
