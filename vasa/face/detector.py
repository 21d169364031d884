"""What finds the face in a picture."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from vasa.face.crop import Crop

MIN_FACE_PX = 32  # narrower faces hold too little to animate


class Detector(Protocol):
    """Finds the face in a picture."""

    def __call__(self, picture: Tensor) -> Crop:
        """The crop that fits the face in [3, H, W], upright: a tilted head stays tilted, tilt is part of the pose.

        Where there are several faces, one large one; each detector says which. Raises ValueError where there is none,
        or one below MIN_FACE_PX.
        """
        ...


class UnsureFace(UserWarning):
    """A face was found that may be none. face: how surely it is one, 0 to 1."""

    def __init__(self, face: float) -> None:
        self.face = face
        super().__init__(
            f"The face in the picture is only {face:.0%} certain to be one (a painted, small, hidden or side face?); "
            "look at the result, or take a plainer picture."
        )


class UnclearFace(UserWarning):
    """There is a face, but what it does cannot be read well. clear: mean confidence of its landmarks, 0 to 1."""

    def __init__(self, clear: float) -> None:
        self.clear = clear
        super().__init__(
            f"The face in the picture is hard to read: its landmarks are {clear:.0%} certain, those of most faces 70% "
            "or more (is it turned away, covered or tilted?); look at the result, or take a plainer, frontal picture."
        )


def no_face() -> ValueError:
    return ValueError(
        f"No face was found in the picture; show one face from the front, at least {MIN_FACE_PX} pixels wide."
    )


def check_width(width_px: float) -> None:
    """Raises ValueError where a face is too narrow."""
    if width_px < MIN_FACE_PX:
        raise ValueError(
            f"The face in the picture is {width_px:.0f} pixels wide; at least {MIN_FACE_PX} are needed, "
            "so use a larger picture."
        )
