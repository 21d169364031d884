"""VASA-1's motion generator: a diffusion transformer that writes motion window by window."""

from __future__ import annotations

import torch
from einops import repeat
from torch import Tensor, nn

from vasa.geometry import POSE
from vasa.motion.conditions import Conditions, Given, as_curve, steady
from vasa.motion.dit import MotionTransformer
from vasa.motion.guidance import Guidance
from vasa.motion.noise import frame_noise
from vasa.motion.objective import Objective
from vasa.motion.protocol import MotionState
from vasa.motion.sampler import Sampler
from vasa.motion.schedule import Schedule
from vasa.space import MotionSpace
from vasa.types import Controls, Motion


class DiffusionMotion(nn.Module):
    """A `MotionGenerator`. It knows no face: the same sound, controls and seed give every face the same motion.

    Frames of a window whose sound has not come, T < window, are made without it and thrown away. inertia: share of its
    last pose that the head keeps each frame, 0 to below 1, against trembling (the papers use none: 0).
    """

    def __init__(
        self, *, net: MotionTransformer, space: MotionSpace,
        schedule: Schedule, objective: Objective, sampler: Sampler, guidance: Guidance, inertia: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__()
        if net.motion_dim != space.size:
            raise ValueError(
                f"The network makes {net.motion_dim} numbers a frame, the motion space has {space.size}; "
                "set net.motion_dim to 6 + space.dynamics."
            )
        if not 0 <= inertia < 1:
            raise ValueError(f"A head's inertia is 0 or more and below 1; got {inertia}.")
        self.net, self.space, self.inertia = net, space, inertia
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

    def start(self, batch_size: int, *, seed: int) -> MotionState:
        """A fresh track for each face of a batch; raises ValueError for a negative seed."""
        if seed < 0:
            raise ValueError(f"A seed is 0 or more; got {seed}.")
        device = next(self.net.parameters()).device
        seeds = seed + torch.arange(batch_size, device=device)
        return MotionState.begin(seeds, carry=self.carry, motion_dim=self.space.size, audio_dim=self.audio_dim)

    def step(self, features: Tensor, controls: Controls, state: MotionState) -> tuple[Motion, MotionState]:
        """features [B, T, A], 1 <= T <= window -> motion of T frames, and the state for the next call."""
        self._check(features, state)
        latents = self.sample(self.conditions(features, controls, state), state)[:, : features.shape[1]]
        latents = torch.cat([self._settled(latents[..., : len(POSE)], state), latents[..., len(POSE) :]], dim=-1)
        return self._offset(self.space.unpack(latents), controls, features), state.after(latents, features)

    def conditions(self, features: Tensor, controls: Controls, state: MotionState) -> Conditions:
        """What the network is told for the window after this state."""
        return Conditions(
            audio=self._padded(features),
            gaze=steady(controls, "gaze", features),
            distance=steady(controls, "distance", features),
            emotion=steady(controls, "emotion", features),
            previous_audio=Given(state.features, state.known),
            previous_motion=Given(state.motion, state.known),
        )

    def sample(self, conditions: Conditions, state: MotionState) -> Tensor:
        """One window of motion, normalised: [B, W, M]."""
        noise = frame_noise(state.seed, state.frame, frames=self.window, size=self.space.size)

        def denoise(x_t: Tensor, time: Tensor) -> Tensor:
            output = self.guidance(self.net, x_t, time, conditions)
            return self.objective.clean(output, x_t, self.schedule.alpha(time), self.schedule.sigma(time))

        return self.sampler(denoise, noise, self.schedule)

    def _settled(self, pose: Tensor, state: MotionState) -> Tensor:
        """p_n = a p_(n-1) + (1 - a) x_n, from the last frame of the window before: [B, T, 6]."""
        now = torch.where(state.known[:, -1:], state.motion[:, -1, : len(POSE)], pose[:, 0])
        settled = []
        for asked in pose.unbind(1):
            now = self.inertia * now + (1 - self.inertia) * asked
            settled.append(now)
        return torch.stack(settled, dim=1)

    def _padded(self, features: Tensor) -> Given:
        batch, frames, _ = features.shape
        missing = features.new_zeros(batch, self.window - frames, self.audio_dim)
        known = torch.arange(self.window, device=features.device) < frames
        return Given(torch.cat([features, missing], dim=1), repeat(known, "w -> b w", b=batch))

    def _offset(self, motion: Motion, controls: Controls, features: Tensor) -> Motion:
        if controls.pose is None:
            return motion
        return Motion(motion.pose + as_curve(controls.pose, "pose", size=6, like=features), motion.dynamics)

    def _check(self, features: Tensor, state: MotionState) -> None:
        batch, frames, dim = features.shape
        if not 1 <= frames <= self.window or dim != self.audio_dim:
            raise ValueError(
                f"A step takes features [B, 1..{self.window}, {self.audio_dim}]; got {list(features.shape)}. "
                "Cut the sound into windows, and use the audio encoder that this generator was trained with."
            )
        if state.motion.shape != (batch, self.carry, self.space.size) or state.features.shape[-1] != dim:
            raise ValueError(
                f"The state holds motion {list(state.motion.shape)}, this generator carries "
                f"[{batch}, {self.carry}, {self.space.size}]; begin with its own start({batch}, seed=...)."
            )
