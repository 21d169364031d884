"""Options that several commands share: the model, the device, and what the viewer asks for."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from vasa.shipped import DEFAULT

MODEL = (
    "a shipped name (mini, small), a published one (liveportrait), a folder, a hub id, or RENDERER+VOICE "
    f"(default: {DEFAULT})"
)

if TYPE_CHECKING:
    from torch import Tensor

    from vasa.opening import Opening
    from vasa.pipeline import Pipeline
    from vasa.types import Controls


def add_model(command: argparse.ArgumentParser) -> None:
    """--model and --device."""
    command.add_argument("--model", default=DEFAULT, help=MODEL)
    command.add_argument("--device", help="cpu, cuda or mps (default: the best there is)")


def add_compile(command: argparse.ArgumentParser) -> None:
    """--compile."""
    command.add_argument(
        "--compile", action="store_true",
        help="let torch compile the renderer first: a warm-up of a minute or so, for long videos",
    )  # fmt: skip


def pipeline_of(arguments: argparse.Namespace) -> Pipeline:
    """The model that was asked for, compiled where that was asked for too, and how long that took told."""
    from vasa import Pipeline

    pipe = Pipeline.from_pretrained(arguments.model, device=arguments.device)
    if arguments.compile:
        print(f"vasa: compiling took {pipe.compile():.0f} s.", file=sys.stderr)
    return pipe


def add_output(command: argparse.ArgumentParser, default: str | None = None) -> None:
    """-o and --paste."""
    command.add_argument("-o", "--output", required=default is None, default=default, help="the mp4 to write")
    command.add_argument(
        "--paste", action=argparse.BooleanOptionalAction, default=True,
        help="put the face back into the whole picture, or show it alone (default: --paste)",
    )  # fmt: skip


def add_controls(command: argparse.ArgumentParser) -> None:
    """--seed, --gaze, --pose, --distance, --emotion, and where two of them get to; angles in degrees, only here."""
    command.add_argument("--seed", type=int, default=0, help="another seed is another performance (default: 0)")
    command.add_argument(
        "--gaze", nargs=2, type=float, metavar=("YAW", "PITCH"),
        help="where to look, in degrees to the right in the picture, and up; 25 were learned",
    )  # fmt: skip
    command.add_argument(
        "--gaze-to", nargs=2, type=float, metavar=("YAW", "PITCH"), help="where the gaze gets to by the end"
    )
    command.add_argument(
        "--pose", nargs=3, type=float, metavar=("YAW", "PITCH", "ROLL"),
        help="added to the head's pose, in degrees to the right in the picture, up, and counter-clockwise",
    )  # fmt: skip
    command.add_argument(
        "--distance", type=float, help="head to camera, relative to the usual (1); 0.7 to 1.4 was learned"
    )
    command.add_argument("--distance-to", type=float, help="the distance by the end")
    command.add_argument(
        "--emotion", metavar="NAME[:STRENGTH]",
        help="anger, contempt, disgust, fear, happiness, neutral, sadness or surprise, added to the voice's own; "
        "happiness:0.5 is half as strong",
    )  # fmt: skip


def add_opening(command: argparse.ArgumentParser, *, video: bool) -> None:
    """--eyes, --lips, --close-lips; video: whether one drives, as whose face they can open."""
    form, also = ("WIDTH|seen", ', or "seen": as far as in the video') if video else ("WIDTH", "")
    for name in ("eyes", "lips"):
        command.add_argument(
            f"--{name}", metavar=form,
            help=f"how far {name} open, height over width, 0 to 1{also} (default: as they move; for liveportrait)",
        )  # fmt: skip
    command.add_argument(
        "--close-lips", action="store_true", help="lips that the portrait shows open count as closed (for liveportrait)"
    )


def opening_of(arguments: argparse.Namespace) -> Opening:
    """What was asked of eyes and lips; raises ValueError where it makes no sense."""
    from vasa.opening import Opening

    return Opening(_width("--eyes", arguments.eyes), _width("--lips", arguments.lips), arguments.close_lips)


def _width(option: str, word: str | None) -> float | Literal["seen"] | None:
    if word is None:
        return None
    if word == "seen":
        return "seen"
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"{option} takes a number from 0 to 1, height over width; got {word!r}.") from None


def check_controls(arguments: argparse.Namespace) -> None:
    """Raises ValueError where what was asked for makes no sense, before anything is read."""
    if arguments.seed < 0:
        raise ValueError(f"A seed is 0 or more; got {arguments.seed}.")
    controls_of(arguments, frames=1)


def controls_of(arguments: argparse.Namespace, frames: int) -> Controls:
    """The controls that were asked for, over so many frames; raises ValueError where they make no sense."""
    from vasa.types import Controls

    emotion, pose = arguments.emotion, arguments.pose
    return Controls(
        gaze=_curve("--gaze", _radians, arguments.gaze, arguments.gaze_to, frames),
        distance=_curve("--distance", _positive, arguments.distance, arguments.distance_to, frames),
        emotion=None if emotion is None else Controls.of(emotion=_weighed(emotion)).emotion,
        pose=None if pose is None else _row([*_radians("--pose", pose), 0.0, 0.0, 0.0]),
    )


def _curve(
    option: str, checked: Callable[[str, Any], list[float]], start: Any, end: Any, frames: int
) -> Tensor | None:  # fmt: skip
    """[1, N] where nothing moves, else evenly from start to end: [1, frames, N]."""
    import torch

    if end is None:
        return None if start is None else _row(checked(option, start))
    if start is None:
        raise ValueError(f"{option}-to says where to get to; say where to begin too, with {option}.")
    first, last = _row(checked(option, start)), _row(checked(f"{option}-to", end))
    return torch.lerp(first, last, torch.linspace(0, 1, frames)[:, None])[None]


def _row(values: Sequence[float]) -> Tensor:
    import torch

    return torch.tensor([values])


def _radians(option: str, degrees: Sequence[float]) -> list[float]:
    if not all(abs(angle) <= 90 for angle in degrees):
        raise ValueError(f"{option} takes angles from -90 to 90 degrees; got {' '.join(map(str, degrees))}.")
    return [math.radians(angle) for angle in degrees]


def _positive(option: str, value: float) -> list[float]:
    if not 0.2 <= value <= 5:
        raise ValueError(f"{option} is 0.2 to 5 times the usual distance; got {value}.")
    return [value]


def _weighed(emotion: str) -> dict[str, float]:
    """NAME or NAME:STRENGTH; raises ValueError."""
    name, colon, strength = emotion.partition(":")
    try:
        return {name.lower(): float(strength) if colon else 1.0}
    except ValueError:
        raise ValueError(f"--emotion is NAME or NAME:STRENGTH, such as happiness:0.5; got {emotion!r}.") from None
