"""`vasa evaluate FILM --apart`: what a renderer alone keeps apart, on a paired film."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from vasa.cli.writing import bar, write_report

if TYPE_CHECKING:
    from vasa.evaluate.apart import Apart
    from vasa.evaluate.showing import Act

SHIPPED_NOTE = "the face reader that ships (not independent: losses of training may have listened to it)"


def measure(
    film: str, model: str, device: str | None, reader: str | None, people: int | None, folder: Path,
    *, report: str, sheet: str,
) -> None:  # fmt: skip
    """Write the report and the sheet into a folder, and print two tables; raises ValueError."""
    from vasa import checkpoint, store
    from vasa import device as devices
    from vasa.data.paired import paired_film
    from vasa.evaluate.apart import measure as measured
    from vasa.evaluate.probe import Probe
    from vasa.face.reader_detector import SHIPPED
    from vasa.media.picture import save_picture

    paired, where = paired_film(film), devices.choose(device)
    paired = paired if people is None else paired.first(people)
    renderer = checkpoint.load(store.find(model).parts["renderer"]).to(where)
    probe = Probe(reader or SHIPPED, device=where)
    told = f"{Probe.name}: {reader}" if reader else SHIPPED_NOTE
    found = measured(renderer, paired, probe, device=where, progress=_shown)
    facts = {"model": model, "film": film, "reader": told, "people": paired.people, "motions": len(paired.motions)}
    write_report(folder / report, facts | {"codes": found.codes, "shown": found.shown})
    save_picture(found.sheet, folder / sheet)
    print_tables(found, f"{model} on {paired.people} people of {film}", told)


def print_tables(found: Apart, title: str, told: str) -> None:
    """Codes, then pictures, a column for each kind of showing."""
    codes = Table(title=f"{title}: codes", show_header=False)
    for name, value in found.codes.items():
        codes.add_row(name, f"{value:.3f}")
    shown = Table(title="pictures", caption=f"reader: {told}")
    shown.add_column("", no_wrap=True)
    for kind in found.shown:
        shown.add_column(kind)
    for name in next(iter(found.shown.values())):
        shown.add_row(name, *(f"{row[name]:.3g}" for row in found.shown.values()))
    Console().print(codes, shown)


def _shown(planned: list[Act]) -> Any:
    with bar() as progress:
        yield from progress.track(planned, description="clips")
