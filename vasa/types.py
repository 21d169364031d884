"""The values that parts hand to each other.

Shapes: B batch, T video frames, S audio samples, C channels, D H W volume or picture axes, M motion latent,
A audio features, K carried frames. Pictures are RGB in [0, 1]; angles radians; times seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol, Self

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

Plain = float | Sequence[float] | Sequence[Sequence[float]] | np.ndarray | Tensor  # numbers, however they are held
EMOTIONS = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")


class _Moves:
    """Values of tensors that change together."""

    def map(self, change: Callable[[Tensor], Tensor]) -> Self:
        """The same value with every tensor changed, also those of the values it holds."""
        changed = {
            f.name: change(value) if isinstance(value, Tensor) else value.map(change)
            for f in fields(self)  # type: ignore[arg-type]
            if isinstance(value := getattr(self, f.name), Tensor | _Moves)
        }
        return replace(self, **changed)  # type: ignore[type-var]

    def __repr__(self) -> str:
        """Names and shapes, not numbers."""
        held = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        told = {name: list(value.shape) if isinstance(value, Tensor) else value for name, value in held.items()}
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in told.items())})"

    def to(self, device: torch.device | str) -> Self:
        """The same value with every tensor on this device."""
        return self.map(lambda value: value.to(device))


@dataclass(frozen=True, repr=False)
class Motion(_Moves):
    """What a face does, frame by frame: head pose and everything else.

    pose: [B, T, 6] yaw, pitch, roll (radians), x, y (crop units), log scale; see `vasa.geometry`.
    dynamics: [B, T, N] lips, other expression, gaze and blinks in one vector (VASA-1, facial dynamics).
    """

    pose: Tensor
    dynamics: Tensor

    def __post_init__(self) -> None:
        if self.pose.ndim != 3 or self.pose.shape[-1] != 6 or self.pose.shape[:2] != self.dynamics.shape[:2]:
            raise ValueError(
                "Motion takes pose [B, T, 6] and dynamics [B, T, N]; got "
                f"{tuple(self.pose.shape)} and {tuple(self.dynamics.shape)}."
            )

    @property
    def batch_size(self) -> int:
        """B, faces."""
        return self.pose.shape[0]

    @property
    def length(self) -> int:
        """T, in frames."""
        return self.pose.shape[1]

    def frames(self) -> Tensor:
        """[B*T, M], frames of a batch one after another."""
        return rearrange(torch.cat([self.pose, self.dynamics], dim=-1), "b t m -> (b t) m")

    def __getitem__(self, frames: slice) -> Motion:
        """The same faces for some of the frames."""
        return Motion(self.pose[:, frames], self.dynamics[:, frames])

    def rows(self, rows: slice) -> Motion:
        """Some faces of the batch."""
        return Motion(self.pose[rows], self.dynamics[rows])

    @staticmethod
    def cat(parts: Sequence[Motion]) -> Motion:
        """Tracks one after another in time."""
        return Motion(torch.cat([p.pose for p in parts], dim=1), torch.cat([p.dynamics for p in parts], dim=1))


class Edit(Protocol):
    """Changes motion before it is shown, piece by piece: a rule of your own, or one of `vasa.motion.edits`."""

    def __call__(self, motion: Motion, first: int) -> Motion:
        """motion [B, T, M] of frames [first, first + T) -> the same frames, changed; frame by frame, so that it does
        not matter how a stream is cut."""
        ...


@dataclass(frozen=True, repr=False)
class Portrait(_Moves):
    """What a renderer remembers of one face, computed once from its picture.

    volume: [B, C, D, H, W] canonical appearance. identity: [B, I]. motion: of the picture itself, T = 1.
    picture: [B, 3, H, W], for what does not move; route: [B, 3, D, H, W], for every canonical place where the
    picture shows it, details: [B, F, h, w], what was seen of the face closely, and head: [B, 1, H, W], how much of a
    pixel of the picture is head and hides what is behind it, or None from renderers that do not use them.
    """

    volume: Tensor
    identity: Tensor
    motion: Motion
    picture: Tensor
    route: Tensor | None = None
    details: Tensor | None = None
    head: Tensor | None = None


@dataclass(frozen=True, repr=False)
class Controls(_Moves):
    """What the viewer asks for, beyond the sound. `None` leaves it to the model; each constant or a curve over time.

    gaze: [B, 2] or [B, T, 2] yaw, pitch in radians, camera frame: positive to the right in the picture, and up; the
    models that ship learned 25 degrees to all sides and 0.7 to 1.4 times the distance, and go little further. distance:
    [B, 1] or [B, T, 1] head-to-camera distance relative to the training mean. emotion: [B, 8] or [B, T, 8] weights of
    EMOTIONS, an offset to what the voice implies (VASA-1, 3.2): 1 is full strength, 0 none. pose: [B, 6] or [B, T, 6]
    added to the head pose that the model makes, in the units of `Motion.pose`. `of` makes them of plain numbers.
    """

    gaze: Tensor | None = None
    distance: Tensor | None = None
    emotion: Tensor | None = None
    pose: Tensor | None = None

    @staticmethod
    def of(
        *, gaze: Plain | None = None, distance: Plain | None = None, pose: Plain | None = None,
        emotion: str | Mapping[str, float] | Plain | None = None,
    ) -> Controls:  # fmt: skip
        """For one face, of numbers, sequences or arrays: constants, such as gaze=(0.3, 0.0), distance=1.2 and
        emotion="happiness" or {"happiness": 0.5}, or curves, one row a frame. Raises ValueError."""
        weights = _weights(emotion) if isinstance(emotion, str | Mapping) else emotion
        given = {"gaze": gaze, "distance": distance, "emotion": weights, "pose": pose}
        return checked(Controls(**{name: _rows(name, value) for name, value in given.items() if value is not None}))

    def window(self, start: int, length: int) -> Controls:
        """What holds in frames [start, start + length): constants stay, curves are cut, their last value held."""

        def cut(value: Tensor | None) -> Tensor | None:
            if value is None or value.ndim == 2:
                return value
            index = torch.arange(start, start + length, device=value.device).clamp_max(value.shape[1] - 1)
            return value[:, index]

        return Controls(*(cut(getattr(self, f.name)) for f in fields(self)))

    def form(self) -> tuple[int | None, ...]:
        """Which controls are given, and whether as constants (2) or as curves (3)."""
        values = [getattr(self, f.name) for f in fields(self)]
        return tuple(None if value is None else value.ndim for value in values)

    @staticmethod
    def cat(parts: Sequence[Controls]) -> Controls:
        """One batch of controls that have the same form."""
        names = [f.name for f in fields(Controls) if getattr(parts[0], f.name) is not None]
        return Controls(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})


_SIZES = {"gaze": 2, "distance": 1, "emotion": len(EMOTIONS), "pose": 6}


def _weights(emotion: str | Mapping[str, float]) -> list[float]:
    named = {emotion: 1.0} if isinstance(emotion, str) else emotion
    if unknown := sorted(named.keys() - {*EMOTIONS}):
        raise ValueError(f"There is no emotion named {unknown[0]!r}; there are: {', '.join(EMOTIONS)}.")
    return [float(named.get(name, 0.0)) for name in EMOTIONS]


def _rows(name: str, value: Plain) -> Tensor:
    """A constant [1, C], or a curve [1, T, C]."""
    try:
        told = torch.as_tensor(value, dtype=torch.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Controls.{name} is made of numbers; got {value!r}.") from error
    told = told[..., None] if _SIZES[name] == 1 and told.ndim < 2 else told  # a number a frame
    return told[None]


def checked(controls: Controls) -> Controls:
    """The same controls for one face; raises ValueError where one has a wrong shape, is not finite or means nothing."""
    if not isinstance(controls, Controls):
        raise ValueError(f"Controls are a `vasa.Controls`; got a {type(controls).__name__}.")
    for name, size in _SIZES.items():
        value = getattr(controls, name)
        if value is None:
            continue
        if not isinstance(value, Tensor):
            raise ValueError(
                f"Controls.{name} is a tensor; got a {type(value).__name__}, as Controls.of({name}=...) takes them."
            )
        if value.ndim not in (2, 3) or value.shape[-1] != size or 0 in value.shape:
            raise ValueError(f"Controls.{name} is [B, {size}], or [B, T, {size}] for a curve; got {list(value.shape)}.")
        if not bool(value.isfinite().all()):
            raise ValueError(f"Controls.{name} holds NaN or infinite values.")
        if value.shape[0] != 1:
            raise ValueError(
                f"Controls.{name} is for {len(value)} faces, and a session has one face: it takes [1, {size}], or "
                f"[1, T, {size}] for a curve."
            )
    _meant(controls)
    return controls


def _meant(controls: Controls) -> None:
    gaze, distance, emotion, pose = controls.gaze, controls.distance, controls.emotion, controls.pose
    for name, angles in (("gaze", gaze), ("pose", None if pose is None else pose[..., :3])):
        if angles is not None and float(angles.abs().max()) > math.pi / 2:
            raise ValueError(f"Controls.{name} holds an angle above a quarter turn; angles are radians, not degrees.")
    if distance is not None and not (float(distance.min()) > 0 and float(distance.max()) <= 10):
        raise ValueError("Controls.distance is relative to the usual distance, 1: above 0 and at most 10.")
    if emotion is not None and float(emotion.abs().max()) > 10:
        raise ValueError("Controls.emotion holds a weight beyond 10; 1 is an emotion at its full strength.")
    if pose is not None and float(pose[..., 3:].abs().max()) > 2:
        raise ValueError("Controls.pose moves the head out of the picture: x, y and log scale are -2 to 2 crop units.")
