"""What the viewer asks of eyes and lips by measure, and how a track of motion comes to do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from einops import rearrange
from torch import Tensor
from torch.nn.functional import interpolate

from vasa.face.detector import Detector
from vasa.face.layouts import eye_openness, lip_openness
from vasa.render import Renderer
from vasa.render.openness import Openness, Retargets
from vasa.types import Motion, Portrait

SEEN: Literal["seen"] = "seen"
READ_PX = 256  # side of the smallest picture that landmarks are read from
Width = float | Tensor | Literal["seen"] | None


@runtime_checkable
class TellsLandmarks(Protocol):
    """A detector made of landmarks, as `vasa.face.framing.FramedDetector`: [N, 2] of the face in [3, H, W]."""

    landmarks: Callable[[Tensor], Tensor]


def _check_width(name: str, width: Width) -> None:
    if width is None or (isinstance(width, str) and width == SEEN):
        return
    if isinstance(width, str):
        raise ValueError(f"Opening.{name} is a number, a curve or {SEEN!r}; got {width!r}.")
    curve = torch.as_tensor(width)
    if curve.ndim > 1 or curve.numel() == 0 or not bool(((curve >= 0) & (curve <= 1)).all()):
        raise ValueError(f"Opening.{name} is the height of an opening over its width, 0 to 1, or a curve [T] of that.")


@dataclass(frozen=True)
class Opening:
    """How far eyes and lips are to open, for renderers that retarget (LivePortrait's).

    eyes, lips: the height of the opening over its width, whatever the motion does with them: a number; a curve [T] from
    frame 0 on, whose last value is held; SEEN, as far as in the driving video; None, left to the motion. Open eyes have
    0.2 to 0.4, closed ones 0. close_lips: lips that are open in the portrait count as closed, so that motion from
    another face begins there. Raises ValueError for what no face can do.
    """

    eyes: Width = None
    lips: Width = None
    close_lips: bool = False

    def __post_init__(self) -> None:
        for name in ("eyes", "lips"):
            _check_width(name, getattr(self, name))

    @property
    def asks(self) -> bool:
        """Whether anything is to be other than it moves."""
        return self.close_lips or self.eyes is not None or self.lips is not None

    @property
    def looks(self) -> bool:
        """Whether the driving video has to be looked at."""
        return any(isinstance(width, str) for width in (self.eyes, self.lips))


AS_IT_MOVES = Opening()


class Opener:
    """Opens the eyes and lips of one face through one track of motion; remembers the last frame it saw.

    face: what the renderer saw of the portrait [3, S, S]. Raises ValueError where the parts cannot do it.
    """

    def __init__(
        self, opening: Opening, renderer: Renderer, detector: Detector, portrait: Portrait, face: Tensor
    ) -> None:
        self.opening, self.portrait, self.made = opening, portrait, 0
        if opening.asks:
            self.renderer, self.landmarks = able(renderer, detector)
            self.was = openness(self.landmarks(enlarged(face)))
            self.seen = self.was

    def __call__(self, motion: Motion, faces: Sequence[Tensor] = ()) -> Motion:
        """The next frames [1, T, M] of the track; faces: what they were read from in the driving video [3, S, S]."""
        if not self.opening.asks:
            return motion
        frames = torch.arange(self.made, self.made + motion.length)
        self.made += motion.length
        if self.opening.close_lips:
            motion = self.renderer.with_lips_closed(self.portrait, motion, self.was)
        seen = [self._look(face) for face in faces] if self.opening.looks else []
        eyes = _width(self.opening.eyes, frames, [one.eyes[:, 0] for one in seen])  # LivePortrait takes the left one
        lips = _width(self.opening.lips, frames, [one.lips[:, 0] for one in seen])
        return self.renderer.opened(self.portrait, motion, self.was, eyes=eyes, lips=lips)

    def _look(self, face: Tensor) -> Openness:
        """Where no face is seen, the last one is held, as its place is (`vasa.face.tracking`)."""
        with suppress(ValueError):
            self.seen = openness(self.landmarks(enlarged(face)))
        return self.seen


def check_opening(opening: Opening, renderer: Renderer, detector: Detector, *, video: bool = False) -> None:
    """Raise ValueError where the parts cannot do what is asked. video: whether there is one to look at."""
    if opening.asks:
        able(renderer, detector)
    if opening.looks and not video:
        raise ValueError(f"Eyes and lips open as {SEEN} where a video drives; here, give a number such as 0.3.")


def able(renderer: Renderer, detector: Detector) -> tuple[Retargets, Callable[[Tensor], Tensor]]:
    """What opens, and what tells landmarks; raises ValueError where one of them cannot."""
    if not isinstance(renderer, Retargets):
        raise ValueError(
            f"{type(renderer).__name__} cannot open eyes and lips by measure; leave the opening out, or take a model "
            "that can, such as liveportrait."
        )
    if not isinstance(detector, TellsLandmarks):
        raise ValueError(
            f"{type(detector).__name__} does not tell landmarks, which say how far a face is open; "
            "take vasa.face.framing.FramedDetector."
        )
    return renderer, detector.landmarks


def enlarged(face: Tensor) -> Tensor:
    """A face [3, S, S] large enough for a detector, which refuses small ones; openness has no size."""
    size = (max(READ_PX, face.shape[-2]), max(READ_PX, face.shape[-1]))
    return interpolate(face[None], size, mode="bilinear")[0] if size != tuple(face.shape[-2:]) else face


def openness(landmarks: Tensor) -> Openness:
    """Of one face, from its landmarks [N, 2]."""
    points = rearrange(landmarks.float(), "n xy -> 1 n xy")
    return Openness(eye_openness(points), lip_openness(points))


def _width(width: Width, frames: Tensor, seen: list[Tensor]) -> Tensor | None:
    """How far to open in each of these frames: [1, T]."""
    if width is None:
        return None
    if isinstance(width, str):
        return torch.stack(seen, dim=-1)
    curve = torch.as_tensor(width, dtype=torch.float32).reshape(-1)
    return rearrange(curve[frames.clamp_max(len(curve) - 1)], "t -> 1 t")
