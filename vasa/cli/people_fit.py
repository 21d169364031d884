"""`vasa people fit`: make people of portraits."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vasa.face.reader_detector import ReaderDetector
    from vasa.people.fitting.make import Fitter
    from vasa.people.scene import Stage

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")


def add(actions: argparse._SubParsersAction) -> None:
    command = actions.add_parser("fit", help="make people of portraits: the head model fitted, the picture its texture")
    command.add_argument(
        "pictures", type=Path, nargs="+", help="pictures, or folders of them; ada.png and ada-2.png show one person"
    )
    command.add_argument("--avatars", type=Path, required=True, help="folder of .glb avatars")
    command.add_argument(
        "--bodies", default="*", help="which avatars may lend hair and build, as *_M_* of VALID's (default: all)"
    )
    command.add_argument(
        "--poor", choices=("drop", "keep"), default="drop", help="what to do with poor fits (default drop)"
    )
    command.add_argument("--cache", type=Path, help="where read avatars are kept (default: the user's cache folder)")
    command.add_argument("-o", "--output", type=Path, required=True, help="folder of the people; run again to go on")
    command.set_defaults(run=fit)


def fit(arguments: argparse.Namespace) -> None:
    """Fit every face of every picture; those that are there already are left alone."""
    from vasa.face.reader_detector import ReaderDetector
    from vasa.people.avatar import load_avatar
    from vasa.people.fitting.make import Fitter
    from vasa.people.person import avatar_files, avatars_of, sex
    from vasa.people.scene import Stage

    pictures = _listed(arguments.pictures)
    files = avatars_of(avatar_files(arguments.avatars), "train")  # held-out avatars lend nothing
    lenders = _lenders(files, arguments.bodies)
    arguments.output.mkdir(parents=True, exist_ok=True)
    missing = [picture for picture in pictures if not _done(arguments.output, picture).exists()]
    detector, kept = ReaderDetector.shipped(), 0
    with Stage(size=256) as stage:
        avatars = [load_avatar(file, cache=arguments.cache) for file in files]
        sexes = [1 if sex(file) == "F" else -1 for file in files]
        fitter = Fitter(avatars, sexes, stage=stage, lenders=lenders)
        for picture in missing:
            kept += _fit(picture, arguments, files, fitter, detector, stage)
    print(
        f"{kept} of {len(missing)} new pictures' people were kept in {arguments.output}; "
        f"film them with vasa people film --fitted {arguments.output}."
    )


def _done(folder: Path, picture: Path) -> Path:
    return folder / f".{picture.stem}.done"


def _fit(
    picture: Path,
    arguments: argparse.Namespace,
    files: Sequence[Path],
    fitter: Fitter,
    detector: ReaderDetector,
    stage: Stage,
) -> int:
    """Fit the faces of one picture, say how it went, and return how many were kept."""
    from PIL import Image

    from vasa.media.picture import load_picture
    from vasa.people.fitting.faces import find_faces
    from vasa.people.fitting.sheet import row
    from vasa.people.fitting.store import facts, note, save

    try:
        faces = find_faces(load_picture(picture), detector)
    except ValueError as error:
        print(f"{picture.name}: {error}")
        return 0
    kept = 0
    for number, face in enumerate(faces):
        name = picture.stem if len(faces) == 1 else f"{picture.stem}_{number:02d}"
        path = arguments.output / f"{name}.npz"
        made = fitter(face)
        report = facts(made, source=picture.name, body=files[made.body].stem)
        wanted = not made.faults or arguments.poor == "keep"
        if wanted:
            save(made, path, report)
        else:
            note(path.with_suffix(".json"), report)
        Image.fromarray(row(stage, made)).save(path.with_suffix(".png"))
        kept += wanted
        print(f"{name}: {'; '.join(made.faults) or 'kept'} ({report['body']})", flush=True)
    _done(arguments.output, picture).touch()
    return kept


def _lenders(files: Sequence[Path], pattern: str) -> list[int]:
    """Numbers of the avatars that may lend hair and build; raises ValueError where none has such a name."""
    found = [number for number, file in enumerate(files) if file.match(pattern)]
    if not found:
        raise ValueError(f"No avatar that may be trained on is named {pattern}; they are like {files[0].name}.")
    return found


def _listed(paths: list[Path]) -> list[Path]:
    """Pictures, those of folders too; raises ValueError where there is none."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ValueError(f"There is no {path}.")
        found += sorted(p for p in path.iterdir() if p.suffix.lower() in _PICTURES) if path.is_dir() else [path]
    if not found:
        raise ValueError(f"No pictures ({', '.join(_PICTURES)}) were found there.")
    stem, count = Counter(path.stem for path in found).most_common(1)[0]
    if count > 1:
        raise ValueError(f"{count} pictures are named {stem}; people are named after pictures: rename some.")
    return found
