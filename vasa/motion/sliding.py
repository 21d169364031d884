"""Hops shorter than the window: what was made is held, and the network sees all sound of its window up to now.

The published window is made whole; a stream with little delay asks for a few frames at a time. The window then ends
with the newest sound, and its first frames, made before, are imposed at every step of the sampler with the noise that
they came from (RePaint, Lugmayr et al. 2022, with a frame's own noise): new frames join them without a seam.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from vasa.motion.conditions import Given
from vasa.motion.protocol import MotionState
from vasa.motion.sampler import Denoise
from vasa.motion.schedule import Schedule
from vasa.motion.window import WindowNetwork


@dataclass(frozen=True)
class View:
    """Where the window of the next frames lies, and what is known in it.

    made: [B, W, M] frames that exist already. audio: [B, W, A]. previous_audio, previous_motion: [B, K, ...] before it.
    overlap: [B] how many frames of the window are made. first: [B] the window's first frame.
    """

    made: Given
    audio: Given
    previous_audio: Given
    previous_motion: Given
    overlap: Tensor
    first: Tensor

    def next(self, window: Tensor, frames: int) -> Tensor:
        """The new frames [B, T, C] of a window [B, W, C]."""
        return _rows(window, rearrange(self.overlap, "b -> b 1") + torch.arange(frames, device=window.device))


def kept_frames(net: WindowNetwork) -> int:
    """How many frames a state holds, so that a window can lie over what was made, with its context before it."""
    return net.carry + net.window


def look(net: WindowNetwork, features: Tensor, state: MotionState) -> View:
    """The view for sound features [B, T, A] of the next frames: the window ends with them, once there are enough."""
    frames, kept = features.shape[1], kept_frames(net)
    overlap = state.frame.clamp_max(net.window - frames)
    index = rearrange(kept - net.carry - overlap, "b -> b 1") + torch.arange(kept, device=features.device)
    blank = state.known.new_zeros(len(features), net.window)
    heard = torch.arange(net.window, device=features.device) < frames
    audio = Given(
        _rows(torch.cat([state.features, _filled(features, net.window)], dim=1), index),
        _rows(torch.cat([state.known, heard.expand_as(blank)], dim=1), index),
    )
    motion = torch.cat([state.motion, state.motion.new_zeros(*blank.shape, net.motion_dim)], dim=1)
    made = Given(_rows(motion, index), _rows(torch.cat([state.known, blank], dim=1), index))
    (previous_audio, audio), (previous_motion, made) = _split(audio, net.carry), _split(made, net.carry)
    return View(made, audio, previous_audio, previous_motion, overlap, state.frame - overlap)


def held(denoise: Denoise, made: Given, noise: Tensor, schedule: Schedule) -> Denoise:
    """The same denoiser, for which the frames that are made are known; noise [B, W, M] is what they came from."""
    known = rearrange(made.known, "b w -> b w 1")

    def holding(x_t: Tensor, time: Tensor) -> Tensor:
        there = schedule.alpha(time) * made.value + schedule.sigma(time) * noise
        return torch.where(known, made.value, denoise(torch.where(known, there, x_t), time))

    return holding


def _split(given: Given, carry: int) -> tuple[Given, Given]:
    return Given(given.value[:, :carry], given.known[:, :carry]), Given(given.value[:, carry:], given.known[:, carry:])


def _filled(features: Tensor, window: int) -> Tensor:
    missing = features.new_zeros(len(features), window - features.shape[1], features.shape[2])
    return torch.cat([features, missing], dim=1)


def _rows(track: Tensor, index: Tensor) -> Tensor:
    """track [B, N] or [B, N, C] at the places [B, n] of each row."""
    batch = rearrange(torch.arange(len(track), device=track.device), "b -> b 1")
    return track[batch, index]
