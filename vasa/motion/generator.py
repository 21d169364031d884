"""VASA-1's motion generator: a diffusion transformer that writes motion window by window."""

from __future__ import annotations

from functools import partial
from typing import Self

import torch
from torch import Tensor, nn

from vasa.geometry import POSE
from vasa.motion.conditions import Conditions, steady
from vasa.motion.dit import MotionTransformer
from vasa.motion.guidance import Guidance
from vasa.motion.noise import frame_noise
from vasa.motion.objective import Objective
from vasa.motion.protocol import MotionState
from vasa.motion.sampler import Sampler
from vasa.motion.schedule import Schedule
from vasa.motion.sliding import View, held, kept_frames, look
from vasa.motion.window import begin, check, check_inertia, denoiser, offset, settled
from vasa.space import MotionSpace
from vasa.types import Controls, Motion

ANGLES = 3  # yaw, pitch and roll come first among the numbers of a frame


class DiffusionMotion(nn.Module):
    """A `MotionGenerator`. It knows no face: the same sound, controls and seed give every face the same motion.

    Asked for fewer frames than its window, T < window, it lays the window over the frames that it made before and holds
    them (`vasa.motion.sliding`). inertia: share of its last pose that the head keeps each frame, 0 to below 1, against
    trembling (the papers use none: 0). liveliness: how much noise the head's angles are given, in spreads of
    training's: 1 as published; a network that predicts means turns heads too little, and more makes up for it.
    """

    def __init__(
        self, *, net: MotionTransformer, space: MotionSpace, schedule: Schedule, objective: Objective,
        sampler: Sampler, guidance: Guidance, inertia: float = 0.0, liveliness: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__()
        if net.motion_dim != space.size:
            raise ValueError(
                f"The network makes {net.motion_dim} numbers a frame, the motion space has {space.size}; "
                "set net.motion_dim to 6 + space.dynamics."
            )
        if not 0 < liveliness < 3:
            raise ValueError(f"A head's liveliness is above 0 and below 3; got {liveliness}.")
        self.net, self.space, self.inertia, self.liveliness = net, space, check_inertia(inertia), liveliness
        self.schedule, self.objective, self.sampler, self.guidance = schedule, objective, sampler, guidance

    @property
    def window(self) -> int:
        """W, frames the network sees at once."""
        return self.net.window

    @property
    def carry(self) -> int:
        """K, frames of the last window that the next one sees."""
        return self.net.carry

    @property
    def audio_dim(self) -> int:
        """A, numbers of sound a frame."""
        return self.net.audio_dim

    def using(self, *, sampler: Sampler, guidance: Guidance) -> Self:
        """The same network, sampled and guided otherwise; weights are shared."""
        return type(self)(
            net=self.net, space=self.space, schedule=self.schedule, objective=self.objective,
            sampler=sampler, guidance=guidance, inertia=self.inertia, liveliness=self.liveliness,
        ).train(self.training)  # fmt: skip

    def start(self, batch_size: int, *, seed: int) -> MotionState:
        """A fresh track for each face of a batch; raises ValueError for a negative seed."""
        device = next(self.net.parameters()).device
        return begin(self.net, self.space, batch_size, seed=seed, device=device, keep=kept_frames(self.net))

    def step(self, features: Tensor, controls: Controls, state: MotionState) -> tuple[Motion, MotionState]:
        """features [B, T, A], 1 <= T <= window -> motion of T frames, and the state for the next call."""
        check(self.net, self.space, features, state, keep=kept_frames(self.net))
        view = look(self.net, features, state)
        sampled = self.sample(self.conditions(features, controls, view), view, state.seed)
        latents = view.next(sampled, features.shape[1])
        latents = torch.cat([self._settled(latents[..., : len(POSE)], state), latents[..., len(POSE) :]], dim=-1)
        return offset(self.space.unpack(latents), controls, features), state.after(latents, features)

    def conditions(self, features: Tensor, controls: Controls, view: View) -> Conditions:
        """What the network is told for the window in view."""
        return Conditions(
            audio=view.audio,
            gaze=steady(controls, "gaze", features),
            distance=steady(controls, "distance", features),
            emotion=steady(controls, "emotion", features),
            previous_audio=view.previous_audio,
            previous_motion=view.previous_motion,
        )

    def sample(self, conditions: Conditions, view: View, seed: Tensor) -> Tensor:
        """One window of motion, normalised: [B, W, M]; seed [B]."""
        noise = partial(self._noise, seed, view.first)
        denoise = denoiser(
            self.net, conditions, schedule=self.schedule, objective=self.objective, guidance=self.guidance
        )
        return self.sampler(held(denoise, view.made, noise(), self.schedule), noise, self.schedule)

    def _noise(self, seed: Tensor, first: Tensor, draw: int = 0) -> Tensor:
        noise = frame_noise(seed, first, draw, frames=self.window, size=self.space.size)
        noise[..., :ANGLES] *= self.liveliness
        return noise

    def _settled(self, pose: Tensor, state: MotionState) -> Tensor:
        """The pose [B, T, 6] with inertia, from the last frame of the window before."""
        before = torch.where(state.known[:, -1:], state.motion[:, -1, : len(POSE)], pose[:, 0])
        return settled(pose, before, self.inertia)
