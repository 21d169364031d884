"""A world in which everything is known: motion is written into pixels and read back, generators obey or do not."""

from __future__ import annotations

import torch
from einops import repeat
from torch import Tensor

from tests.conftest import WholePicture
from vasa.audio import AudioEncoder
from vasa.face.reading import FaceReading
from vasa.motion import MotionState
from vasa.motion.window import offset
from vasa.pipeline import Pipeline
from vasa.space import MotionSpace
from vasa.types import Controls, Motion, Portrait

EMOTION, GAZE, LIPS, BLINK = slice(0, 8), slice(8, 10), 10, 11  # places in the dynamics
SPACE = MotionSpace.plain(12)
SIZE = 32


class Pixels:
    """A `Renderer` that writes a frame's 18 numbers, from -2 to 2, into its first row."""

    space, image_size = SPACE, SIZE

    def encode(self, image: Tensor) -> Portrait:
        nothing = Motion(torch.zeros(len(image), 1, 6), torch.zeros(len(image), 1, 12))
        return Portrait(image.new_zeros(len(image), 1, 1, 1, 1), image.new_zeros(len(image), 1), nothing, image)

    def motion_of(self, image: Tensor) -> Motion:
        values = 4 * image[:, :, 0, 0, : SPACE.size] - 2
        return Motion(values[..., :6], values[..., 6:])

    def render(self, portrait: Portrait, motion: Motion) -> Tensor:
        frames = torch.zeros(motion.batch_size, motion.length, 3, SIZE, SIZE)
        frames[:, :, 0, 0, : SPACE.size] = torch.cat([motion.pose, motion.dynamics], dim=-1) / 4 + 0.5
        return frames


class Reader:
    """Reads what `Pixels` wrote; every frame shows a face."""

    def read(self, frames: Tensor) -> FaceReading:
        motion, count = Pixels().motion_of(frames[None]), len(frames)
        pose, dynamics = motion.pose[0], motion.dynamics[0]
        return FaceReading(
            landmarks=torch.zeros(count, 68, 2), confidence=torch.ones(count, 68), pose=pose,
            gaze=dynamics[:, GAZE], blink=dynamics[:, [BLINK, BLINK]], lip_opening=dynamics[:, LIPS],
            arkit=torch.zeros(count, 52),
            emotion=dynamics[:, EMOTION], identity=torch.ones(count, 1), face=torch.ones(count),
        )  # fmt: skip


class Generator:
    """A `MotionGenerator`: each face has a posture of its own, drawn from its seed; what is asked is done, or nothing.

    own: how large what it does of itself is.
    """

    space, window = SPACE, 10

    def __init__(self, audio_dim: int, *, obeys: bool, own: float) -> None:
        self.audio_dim, self.obeys, self.own = audio_dim, obeys, own

    def start(self, batch_size: int, *, seed: int) -> MotionState:
        seeds = seed + torch.arange(batch_size)
        return MotionState.begin(seeds, SPACE, carry=0, motion_dim=SPACE.size, audio_dim=self.audio_dim)

    def step(self, features: Tensor, controls: Controls, state: MotionState) -> tuple[Motion, MotionState]:
        drawn = [torch.randn(SPACE.size, generator=torch.Generator().manual_seed(int(seed))) for seed in state.seed]
        values = repeat(self.own * torch.stack(drawn), "b m -> b t m", t=features.shape[1]).clone()
        pose, dynamics = values[..., :6], values[..., 6:]
        if self.obeys:
            _obey(pose, dynamics, controls)
        motion = Motion(pose, dynamics)
        return (offset(motion, controls, features) if self.obeys else motion), state.after(values, features)


def _obey(pose: Tensor, dynamics: Tensor, controls: Controls) -> None:
    if controls.gaze is not None:
        dynamics[..., GAZE] = controls.gaze[:, None]
    if controls.distance is not None:
        pose[..., 5:] = -controls.distance[:, None].log()
    if controls.emotion is not None:
        dynamics[..., EMOTION] = controls.emotion[:, None]


def pipeline(audio: AudioEncoder, *, obeys: bool, own: float = 0.05) -> Pipeline:
    """This world's parts, with an ear that it does not listen to."""
    return Pipeline(Pixels(), Generator(audio.dim, obeys=obeys, own=own), audio, WholePicture())
