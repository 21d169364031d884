"""`vasa extract`: turn a film into latents for `vasa train motion`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaconf import DictConfig

    from vasa.audio import AudioEncoder
    from vasa.data.footage import Footage


def add(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("extract", help="turn a film into motion latents and sound features")
    command.add_argument(
        "films", type=Path, nargs="+", metavar="FILM", help="written by `vasa people film` or `vasa watch`"
    )
    command.add_argument(
        "--renderer", type=Path, required=True,
        help="its checkpoint; a copy that knows the measured space goes to OUTPUT/renderer",
    )  # fmt: skip
    command.add_argument(
        "--audio", required=True, help="checkpoint of the audio encoder, or the folder or hub id of a wav2vec2"
    )
    command.add_argument("--device", help="cpu, cuda or mps (default: the best there is)")
    command.add_argument("--window", type=int, default=50, help="frames a window of sound has (default 50)")
    command.add_argument(
        "--part",
        default="0/1",
        metavar="I/N",
        help="extract every Nth clip from I on, for N machines; run without at last",
    )
    command.add_argument(
        "--mirror", action="store_true", help="every clip once more as a mirror shows it, so that heads lean nowhere"
    )
    command.add_argument(
        "--voices", type=int, default=1, metavar="N",
        help="every clip to learn from N times, but for the first said by another throat in another room (default 1)",
    )  # fmt: skip
    command.add_argument(
        "--labelled", action="store_true", help="take expressions from the film's labels, not from what is seen of them"
    )
    command.add_argument("-o", "--output", type=Path, required=True, help="folder for the latents")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Extract every clip that is not there, measure the space, note it in a copy of the renderer, fit handles."""
    from vasa import checkpoint, device
    from vasa.cli.writing import bar
    from vasa.data.extract import check_same_source, extract, fingerprint, meaning_of
    from vasa.data.film import clips_of_all, talking
    from vasa.data.mirror import Mirrored

    first, count = part(arguments.part)
    expressions = expressions_of(arguments.films)
    clips = talking([clip for split in ("train", "test") for clip in clips_of_all(arguments.films, split)])
    where, (encoder, tree) = device.choose(arguments.device), heard_by(arguments.audio)
    renderer, encoder = checkpoint.load(arguments.renderer).to(where), encoder.to(where)
    if arguments.labelled:
        meaning_of(renderer)
    check_same_source(arguments.output, fingerprint(renderer, encoder, arguments.window, labelled=arguments.labelled))
    turned = [Mirrored(clip, expressions) for clip in clips] if arguments.mirror else []
    whole = said_by([*clips, *turned], arguments.voices)
    mine = whole[first::count]
    with bar() as progress:
        task = progress.add_task("extract", total=len(mine))
        made = extract(
            mine, renderer, encoder, arguments.output, window=arguments.window, labelled=arguments.labelled
        )
        for done in made:
            progress.update(task, completed=done)
    if count == 1:
        finish(arguments, whole, renderer, encoder)
        if tree is not None:
            checkpoint.save(arguments.output / "audio", encoder.cpu(), tree)
        fit(arguments.output, clips, expressions)
    print(f"Wrote {len(mine)} clips of latents to {arguments.output}.")


def said_by(clips: Sequence[Footage], voices: int) -> list[Footage]:
    """The clips, then those to learn from by `voices` - 1 other voices each; raises ValueError below 1."""
    from vasa.data.revoiced import Revoiced

    if voices < 1:
        raise ValueError(f"--voices is 1 or more; got {voices}.")
    seen = [clip for clip in clips if clip.split == "train"]
    return [*clips, *(Revoiced(clip, number) for number in range(1, voices) for clip in seen)]


def finish(
    arguments: argparse.Namespace, clips: Sequence[Footage], renderer: Any, encoder: AudioEncoder
) -> None:  # fmt: skip
    """What needs all clips: the index with its statistics, and OUTPUT/renderer, which knows the measured space."""
    from vasa import checkpoint
    from vasa.data.extract import measure_space, write_index

    space = measure_space(clips, arguments.output, renderer.space.name)
    write_index(clips, arguments.output, space, encoder.dim)
    config = checkpoint.config_of(arguments.renderer)
    config.space = {"_target_": "vasa.space.MotionSpace", **asdict(space)}
    checkpoint.save(arguments.output / "renderer", renderer.cpu(), config)


def fit(output: Path, clips: Sequence[Footage], expressions: tuple[str, ...]) -> None:
    """OUTPUT/handles, of clips with all their labels."""
    from vasa import checkpoint
    from vasa.data.extract import fit_handles
    from vasa.motion.handles import config_of

    handles = fit_handles(clips, output, expressions)
    checkpoint.save(output / "handles", handles, config_of(handles))


def heard_by(name: str) -> tuple[Any, DictConfig | None]:
    """The audio encoder: that of a checkpoint, or one of transformers, and then a tree to save it by.

    Raises ValueError where there is neither.
    """
    from hydra.errors import InstantiationException
    from omegaconf import OmegaConf

    from vasa import checkpoint
    from vasa.config import instantiate, leaf

    if (Path(name) / checkpoint.CONFIG).is_file():
        return checkpoint.load(name), None
    published = leaf("audio", "paper")
    published.name = name
    try:
        encoder = instantiate(published)
    except (OSError, InstantiationException) as error:
        raise ValueError(
            f"--audio {name} is no checkpoint of `vasa train audio`, and no wav2vec2 that transformers can load."
        ) from error
    return encoder, OmegaConf.create(encoder.config())


def expressions_of(films: list[Path]) -> tuple[str, ...]:
    """What the films call their expressions; raises ValueError where they differ."""
    from vasa.data.clip import facts_of

    names = {tuple(facts_of(film).get("expression_names", ())) for film in films}
    if len(names) > 1:
        raise ValueError("These films label different expressions: extract each into a folder of its own.")
    return names.pop()


def part(words: str) -> tuple[int, int]:
    """I/N as numbers; raises ValueError."""
    first, _, count = words.partition("/")
    if not (first.isdecimal() and count.isdecimal() and int(first) < int(count)):
        raise ValueError(f"--part is I/N with I below N, such as 0/4; got {words!r}.")
    return int(first), int(count)
