"""`vasa evaluate`: numbers for a model on people and voices that it was not trained on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from vasa.cli import asking, evaluate_motion
from vasa.cli.writing import bar, write_report

if TYPE_CHECKING:
    from vasa.data.film import Clip
    from vasa.evaluate.judges import Judge
    from vasa.evaluate.likeness import Likeness
    from vasa.evaluate.run import Report, Spoken
    from vasa.pipeline import Pipeline

REPORT, SHEET = "report.json", "sheet.png"
EVERYWHERE = {"command", "run", "film", "output"}
HEEDED = {  # by each kind of measurement
    "reader": {"reader", "device"},
    "apart": {"apart", "model", "device", "judge", "people"},
    "controls": {"controls", "model", "device", "clips", "judge", "seeds", "seconds"},
    "ablation": {"ablation", "model", "device", "clips", "seeds", "capp", "sync"},
    "speaking": {"speaking", "model", "device", "clips", "judge", "seeds", "recordings"},
}
OTHERWISE = {"model", "device", "clips", "judge", "features"}


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("evaluate", help="measure a model on a film's held-out people and voices")
    command.add_argument("film", help="a film folder, as `vasa people film` writes it")
    asking.add_model(command)
    command.add_argument(
        "-o", "--output", required=True, help=f"folder for {REPORT}, {SHEET} and the videos, or what else is measured"
    )
    command.add_argument("--clips", type=int, default=8, help="at most so many clips of the test split (default: 8)")
    command.add_argument("--judge", metavar="FILE", help="MediaPipe's face_landmarker .task file, or a probe's folder")
    command.add_argument(
        "--features", metavar="FILE",
        help="weights of SqueezeNet 1.1 for the perceptual distance (default: features of the face reader that ships)",
    )  # fmt: skip
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--reader", metavar="FOLDER", nargs="?", const="",
        help="measure a face reader (default: the shipped one) in place of a model; FILM may be a folder of pictures",
    )  # fmt: skip
    which.add_argument(
        "--apart", action="store_true",
        help="measure what the model's renderer alone keeps apart: pose, expression and person; FILM is a paired one",
    )  # fmt: skip
    command.add_argument("--people", type=int, help="with --apart: at most so many people (default: all)")
    evaluate_motion.add(command, which)
    command.set_defaults(run=run, unasked=vars(command.parse_args(["FILM", "-o", "OUTPUT"])))


def check(arguments: argparse.Namespace) -> None:
    """Raises ValueError for an option that what is asked for would not heed."""
    given = vars(arguments)
    asked = [kind for kind in HEEDED if given[kind] not in (None, False)]
    heeded = EVERYWHERE | (HEEDED[asked[0]] if asked else OTHERWISE)
    for name, usual in given["unasked"].items():
        if name not in heeded and given[name] != usual:
            plain = ["plain `vasa evaluate`"] if name in OTHERWISE else []
            where = " or ".join([*plain, *(f"--{kind}" for kind, options in HEEDED.items() if name in options)])
            raise ValueError(f"--{name} goes with {where}: leave it out{' of --' + asked[0] if asked else ''}.")


def run(arguments: argparse.Namespace) -> None:
    """Show every clip, measure, print one table, and write the report, the sheet and the videos."""
    check(arguments)
    if arguments.reader is not None:
        return measure_reader(arguments)
    if arguments.apart:
        return measure_apart(arguments)
    if evaluate_motion.wanted(arguments):
        return measure_motion(arguments)
    return measure_model(arguments)


def measure_reader(arguments: argparse.Namespace) -> None:
    """The same for a face reader, with landmarks drawn on the sheet."""
    from vasa.cli.evaluate_reader import measure
    from vasa.face.reader_detector import SHIPPED

    check_there(arguments.film)
    folder = new_folder(arguments.output)
    reader, device = arguments.reader or str(SHIPPED), arguments.device
    measure(arguments.film, reader, device, folder, report=REPORT, sheet=SHEET)
    Console(highlight=False, soft_wrap=True).print(f"Wrote {folder / REPORT} and {SHEET}.")


def measure_apart(arguments: argparse.Namespace) -> None:
    """What a renderer alone keeps apart; --judge names a probe's folder in place of the reader that ships."""
    from vasa.cli.evaluate_apart import measure

    if arguments.judge is not None and not Path(arguments.judge).is_dir():
        raise ValueError(f"--apart reads faces with a probe: --judge names its folder; got {arguments.judge}.")
    check_there(arguments.film)
    folder = new_folder(arguments.output)
    film, model, people = arguments.film, arguments.model, arguments.people
    measure(film, model, arguments.device, arguments.judge, people, folder, report=REPORT, sheet=SHEET)
    Console(highlight=False, soft_wrap=True).print(f"Wrote {folder / REPORT} and {SHEET}.")


def measure_model(arguments: argparse.Namespace) -> None:
    """A whole pipeline, on every clip."""
    from vasa import Pipeline
    from vasa.evaluate.run import report, save_videos, sheet
    from vasa.media.picture import save_picture

    clips = test_clips(arguments.film, arguments.clips)
    if arguments.features is not None and not Path(arguments.features).is_file():
        raise ValueError(
            f"There is no file {arguments.features}; --features takes SqueezeNet's weights, or leave it out."
        )
    folder = new_folder(arguments.output)
    pipe = Pipeline.from_pretrained(arguments.model, device=arguments.device)
    judge, likeness = judge_for(arguments.judge, pipe, clips), likeness_for(arguments, pipe)
    spoken = shown(pipe, clips)
    result = report(spoken, judge, likeness)
    facts = {"model": arguments.model, "film": arguments.film, "judge": result.judge, "likeness": likeness.name}
    write_report(folder / REPORT, facts | {"numbers": result.numbers, "clips": result.clips})
    save_picture(sheet(spoken), folder / SHEET)
    save_videos(spoken, folder)
    print_table(result, f"{arguments.model} on {len(clips)} clips of {arguments.film}")
    Console(highlight=False, soft_wrap=True).print(f"Wrote {folder / REPORT}, {SHEET} and {len(clips)} videos.")


def measure_motion(arguments: argparse.Namespace) -> None:
    """What a motion generator heeds, and how it speaks, on people all over the film."""
    from vasa import Pipeline

    evaluate_motion.check(arguments)
    clips = held_out(arguments.film, arguments.clips)
    folder = new_folder(arguments.output)
    pipe = Pipeline.from_pretrained(arguments.model, device=arguments.device)
    evaluate_motion.measure(arguments, pipe, clips, folder)


def test_clips(film: str, most: int) -> list[Clip]:
    """The first held-out clips; raises ValueError where there are none."""
    return held_out(film, most)[:most]


def held_out(film: str, most: int) -> list[Clip]:
    """All held-out clips, of which at most some will be used; raises ValueError where there are none."""
    from vasa.data.film import clips_of

    if most < 1:
        raise ValueError(f"--clips is at least 1; got {most}.")
    clips = clips_of(film, "test")
    if not clips:
        raise ValueError(f"The film in {film} has no clip of the test split; film more people.")
    return clips


def check_there(place: str) -> None:
    """Raises ValueError where there is no such folder, before another is made."""
    if not Path(place).is_dir():
        raise ValueError(f"There is no folder {place}; name a film, or with --reader a folder of pictures.")


def new_folder(name: str) -> Path:
    """The folder, made if its parent is there."""
    folder = Path(name).expanduser()
    if not folder.absolute().parent.is_dir():
        raise ValueError(f"There is no folder {folder.parent} to make {folder.name} in; make it first.")
    folder.mkdir(exist_ok=True)
    return folder


def judge_for(name: str | None, pipe: Pipeline, clips: list[Clip]) -> Judge:
    """An outside judge if its file is named, a probe if its folder is, else the renderer itself."""
    from vasa.evaluate.judges import OwnReader
    from vasa.evaluate.outside import MediaPipe
    from vasa.evaluate.probe import Probe

    if name is None:
        return OwnReader(pipe.renderer, clips, device=pipe.device)
    return Probe(name, device=pipe.device) if Path(name).is_dir() else MediaPipe(name)


def likeness_for(arguments: argparse.Namespace, pipe: Pipeline) -> Likeness:
    """The reader that tells people apart is a probe where --judge names its folder, else the one that ships."""
    from vasa.evaluate.likeness import Likeness, on_device
    from vasa.render.features import SqueezeFeatures
    from vasa.render.readers import ReaderFeatures

    probe = arguments.judge if arguments.judge and Path(arguments.judge).is_dir() else None
    reader, read_by = evaluate_motion.reader_for(probe, pipe)
    features = SqueezeFeatures(weights=arguments.features) if arguments.features else ReaderFeatures()
    seen_by = "SqueezeNet 1.1" if arguments.features else "the face reader that ships with vasa"
    return Likeness(on_device(features, pipe.device), reader, f"pictures by {seen_by}, people by {read_by}")


def shown(pipe: Pipeline, clips: list[Clip]) -> list[Spoken]:
    """Every clip, with a progress bar."""
    from vasa.evaluate.run import Trial, drivers

    trial = Trial(pipe)
    with bar() as progress:
        pairs = progress.track([*zip(clips, drivers(clips), strict=True)], description="clips")
        return [trial(clip, driver) for clip, driver in pairs]


def print_table(result: Report, title: str) -> None:
    """Two columns of names and means."""
    table = Table(title=title, caption=f"judge: {result.judge}", show_header=False)
    for name, value in result.numbers.items():
        table.add_row(name, f"{value:.3f}")
    Console().print(table)
