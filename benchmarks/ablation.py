"""What every part of a renderer's training is worth: trainings that differ in one thing, measured alike, in one table.

    python -m benchmarks.ablation FILM PAIRED [KEY=VALUE ...] -o OUT [--init CHECKPOINT] [--steps 3000] [--seeds 0 1]
    python -m benchmarks.ablation FILM PAIRED -o OUT --rows designs

FILM is a film to learn from, PAIRED one of `vasa people film --paired`, KEY=VALUE settings of `vasa train renderer` for
every row, such as renderer=mini (the default) or data.batch_size=2. Every row begins with the same weights, those of
CHECKPOINT or new ones of its seed, and sees the same samples. Run again to go on; more --seeds and --rows may be added.
OUT/table.md is written anew after each row, OUT/ROW-SEED holds its weights, report and sheet.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.ablation_table import table
from vasa import checkpoint

Command = Callable[[list[str]], object]  # runs `vasa` with these words

BASE = ("loss=shipped", "experiment=driver")
LOSSES = {
    "base": (),
    "no-consistency": ("loss.weights.consistency=0",),
    "no-cross-identity": ("loss.weights.cross_identity=0",),
    "no-contrast": ("loss.weights.contrast=0",),
    "no-augmentation": ("training.augment=null",),
    "no-places": ("loss.weights.field=0", "loss.weights.route=0", "loss.weights.depth=0"),
}
DESIGNS = {"paper128": ("renderer=paper128",), "fast128": ("renderer=fast128",)}
ROWS = LOSSES | DESIGNS
START = "start"  # the row of the checkpoint that all begin with


@dataclass(frozen=True)
class Plan:
    """What all rows share. settings: of every training; reader: a probe's folder, None for the one that ships."""

    film: str
    paired: str
    steps: int
    settings: tuple[str, ...]
    init: str | None
    reader: str | None
    people: int | None

    def __str__(self) -> str:
        begun = f"from {self.init}" if self.init else "from new weights"
        return f"{self.steps} steps {begun}, `{' '.join(self.settings)}`."


def main(words: Sequence[str] | None = None, command: Command | None = None) -> None:
    """Train and measure what is missing, and write the table."""
    asked = _parser().parse_intermixed_args(words)
    settings = (*asked.base, *asked.settings)
    plan = Plan(asked.film, asked.paired, asked.steps, settings, asked.init, asked.reader, asked.people)
    rows = {"losses": [*LOSSES], "designs": [*DESIGNS]}.get(asked.rows[0], asked.rows)
    try:
        ablate(plan, Path(asked.output), rows, asked.seeds, command or _in_its_own_process)
    except ValueError as error:
        raise SystemExit(f"ablation: {error}") from None


def ablate(plan: Plan, out: Path, rows: Sequence[str], seeds: Sequence[int], command: Command) -> None:
    """Every row with every seed; raises ValueError where OUT belongs to another plan or a row is unknown."""
    if unknown := sorted(set(rows) - ROWS.keys()):
        raise ValueError(f"There is no row {unknown[0]!r}; there are losses, designs, {', '.join(ROWS)}.")
    if plan.init and set(rows) & DESIGNS.keys():
        raise ValueError("Designs begin with new weights, since those of one do not fit another: leave out --init.")
    if plan.init:
        checkpoint.config_of(plan.init)  # or say that there is none
    _claim(plan, out)
    runs = {row: [out / f"{row}-{seed}" for seed in seeds] for row in rows}
    if plan.init:
        runs = {START: [_start(plan.init, out / START)]} | runs
        _measure(plan, out / START, command)
    reports = {row: [_report(run) for run in of] for row, of in runs.items()}
    for number, seed in enumerate(seeds):
        for row in rows:
            run = runs[row][number]
            if not _report(run).is_file():
                command(training(plan, row, seed, run))
                _measure(plan, run, command)
            (out / "table.md").write_text(table(reports, str(plan)))


def training(plan: Plan, row: str, seed: int, run: Path) -> list[str]:
    """Words of the training of one row."""
    own = [f"data.folder={plan.film}", f"output={run / 'renderer'}", f"steps={plan.steps}", f"seed={seed}"]
    start = [f"init={plan.init}"] if plan.init else []
    return ["train", "renderer", *plan.settings, *start, *ROWS[row], *own]


def _measure(plan: Plan, run: Path, command: Command) -> None:
    """The report of a run's weights, unless it is there."""
    reader = ["--judge", plan.reader] if plan.reader else []
    people = ["--people", str(plan.people)] if plan.people else []
    if not _report(run).is_file():
        folder = str(_report(run).parent)
        command(["evaluate", plan.paired, "--apart", "--model", str(run), "-o", folder, *reader, *people])


def _report(run: Path) -> Path:
    return run / "measured" / "report.json"


def _start(init: str, run: Path) -> Path:
    """A pipeline's folder with the checkpoint that all rows begin with."""
    (run / "renderer").mkdir(parents=True, exist_ok=True)
    for name in (checkpoint.CONFIG, checkpoint.WEIGHTS):
        shutil.copy(Path(init) / name, run / "renderer" / name)
    return run


def _claim(plan: Plan, out: Path) -> None:
    """Rows of one table share one plan; raises ValueError where another's are there."""
    out.mkdir(parents=True, exist_ok=True)
    kept, own = out / "plan.json", json.loads(json.dumps(asdict(plan)))
    there = json.loads(kept.read_text()) if kept.is_file() else own
    if differing := [name for name in own if there.get(name) != own[name]]:
        raise ValueError(f"{out} holds rows of another plan ({', '.join(differing)} differ): name another folder.")
    kept.write_text(json.dumps(own, indent=2) + "\n")


def _in_its_own_process(words: list[str]) -> None:
    """Memory is given back, and chance begins anew."""
    code = "import sys; from vasa.cli import main; sys.exit(main())"
    if status := subprocess.run([sys.executable, "-c", code, *words], check=False).returncode:
        raise SystemExit(status)


def _parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("film")
    options.add_argument("paired")
    options.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    options.add_argument("-o", "--output", required=True)
    options.add_argument("--steps", type=int, default=3000)
    options.add_argument("--seeds", type=int, nargs="+", default=[0])
    options.add_argument("--rows", nargs="+", default=["losses"], help=f"losses, designs, or of {', '.join(ROWS)}")
    options.add_argument("--base", nargs="+", default=[*BASE], help=f"of every row (default: {' '.join(BASE)})")
    options.add_argument("--init", metavar="CHECKPOINT", help="a renderer's folder that all rows begin with")
    options.add_argument("--reader", metavar="FOLDER", help="a face reader's folder to measure with")
    options.add_argument("--people", type=int, help="at most so many people of PAIRED")
    return options


if __name__ == "__main__":
    main()
