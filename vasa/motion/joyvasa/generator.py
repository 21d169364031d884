"""JoyVASA's motion generator behind vasa's own protocol."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from vasa.motion.conditions import CONTROLS, Conditions, Given, steady
from vasa.motion.guidance import Guidance
from vasa.motion.joyvasa.denoiser import Denoiser
from vasa.motion.joyvasa.template import EXPRESSION, POSE, Template, as_motion
from vasa.motion.noise import frame_noise
from vasa.motion.objective import Objective
from vasa.motion.protocol import MotionState
from vasa.motion.sampler import Noise, Sampler
from vasa.motion.schedule import Schedule
from vasa.motion.window import begin, check, check_inertia, denoiser, offset, padded, settled
from vasa.space import MotionSpace
from vasa.types import Controls, Motion


class JoyVASAMotion(nn.Module):
    """A `MotionGenerator` for renderers that speak LivePortrait's motion space; it knows no face.

    The dynamics are 63 expression offsets, 21 points x (x, y, z). All its channels are made and carried from window to
    window, also the three that stand for nothing known and the depth t z, which are not given out. Every window of a
    track starts from the same noise, as published; the noise of the steps is its own frames'. The published caller puts
    80 ms of silence before the sound, which makes faces late; this one does not.

    inertia: share of its last pose that the head keeps each frame, 0 to below 1; what is carried stays as it was made.
    The head can be turned with `Controls.pose`; gaze, distance and emotion it was not trained to heed.
    """

    def __init__(
        self, *, net: Denoiser, space: MotionSpace, schedule: Schedule, objective: Objective, sampler: Sampler,
        guidance: Guidance, inertia: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__()
        if space.dynamics != EXPRESSION or net.motion_dim < EXPRESSION + POSE:
            raise ValueError(
                f"JoyVASA makes {EXPRESSION} expression offsets and {POSE} numbers of pose; got a space with "
                f"{space.dynamics} dynamics and a network of {net.motion_dim} channels."
            )
        self.net, self.space, self.template, self.inertia = net, space, Template(), check_inertia(inertia)
        self.schedule, self.objective, self.sampler, self.guidance = schedule, objective, sampler, guidance

    @property
    def window(self) -> int:
        """W, frames the network sees at once."""
        return self.net.window

    def start(self, batch_size: int, *, seed: int) -> MotionState:
        """A fresh track for each face of a batch; raises ValueError for a negative seed."""
        return begin(self.net, self.space, batch_size, seed=seed, device=self.template.offset.device, memory=POSE)

    def step(self, features: Tensor, controls: Controls, state: MotionState) -> tuple[Motion, MotionState]:
        """features [B, T, A], 1 <= T <= window -> motion of T frames, and the state for the next call.

        Raises ValueError where they do not fit, and for controls that it has not learned.
        """
        check(self.net, self.space, features, state)
        _check_controls(controls)
        channels = self.sample(self.conditions(features, state), self.noise(state))[:, : features.shape[1]]
        expression, pose = self.template(channels)
        pose = self._settled(pose, state)
        later = state.after(channels, features, memory=pose[:, -1])
        return offset(as_motion(expression, pose), controls, features), later

    def conditions(self, features: Tensor, state: MotionState) -> Conditions:
        """What the network is told for the window after this state."""
        nothing = {name: steady(Controls(), name, features) for name in CONTROLS}
        return Conditions(
            audio=padded(self.net, features),
            previous_audio=Given(state.features, state.known),
            previous_motion=Given(state.motion, state.known),
            **nothing,
        )

    def noise(self, state: MotionState) -> Noise:
        """Draw 0 is the track's, all others are the frames'."""
        begun = torch.zeros_like(state.frame)
        fill = partial(frame_noise, frames=self.window, size=self.net.motion_dim)
        return lambda draw: fill(state.seed, state.frame if draw else begun, draw)

    def sample(self, conditions: Conditions, noise: Noise) -> Tensor:
        """One window of channels, normalised: [B, W, 73]."""
        denoise = denoiser(
            self.net, conditions, schedule=self.schedule, objective=self.objective, guidance=self.guidance
        )
        return self.sampler(denoise, noise, self.schedule)

    def _settled(self, pose: Tensor, state: MotionState) -> Tensor:
        """The pose [B, T, 7] with inertia, from the last frame of the window before; a track begins as it was made."""
        return settled(pose, torch.where(state.known[:, -1:], state.memory, pose[:, 0]), self.inertia)


def _check_controls(controls: Controls) -> None:
    asked = [name for name in CONTROLS if getattr(controls, name) is not None]
    if asked:
        raise ValueError(
            f"JoyVASA's generator has not learned {' or '.join(asked)}; leave it out, or turn the head with the pose."
        )
