"""From a film to what the motion generator learns from: latents, sound features and labels of every clip."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from einops import rearrange
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from vasa.audio import AudioEncoder, window_features
from vasa.data.film import Clip
from vasa.render import Renderer
from vasa.render.speed import fast
from vasa.render.volume import VolumeRenderer
from vasa.space import MotionSpace
from vasa.types import Motion

LABELS = ("gaze", "distance", "emotion", "lip_opening")


@torch.inference_mode()
def extract_clip(
    clip: Clip, renderer: Renderer, encoder: AudioEncoder, *, window: int, batch: int = 50
) -> dict[str, Tensor]:
    """Latents and labels of one clip: pose [T, 6], dynamics [T, N], features [T, A] and the film's own labels."""
    pose, device = clip.labels["pose"], _device(renderer)
    parts = []
    for start in range(0, len(clip), batch):
        now = slice(start, start + batch)
        with fast(device):
            parts.append(seen(renderer, clip.frames(now).to(device).float() / 255, pose[now].to(device)))
    motion = Motion.cat(parts)
    features = window_features(encoder, rearrange(clip.speech(), "s -> 1 s").to(device), window)[0]
    latents = {"pose": motion.pose[0], "dynamics": motion.dynamics[0], "features": features}
    return {name: value.float().cpu() for name, value in latents.items()} | {name: clip.labels[name] for name in LABELS}


def seen(renderer: Renderer, frames: Tensor, pose: Tensor) -> Motion:
    """The motion [1, T, M] in frames [T, 3, H, W] whose labelled pose is [T, 6].

    A `VolumeRenderer` learned from such labels ("head pose is known, not guessed"): its dynamics are read at that pose.
    Any other renderer has a head of its own, so both are what it sees, in pictures of its size.
    """
    if isinstance(renderer, VolumeRenderer):
        return Motion(pose[None], renderer.dynamics(frames, pose)[None])
    size = (renderer.image_size, renderer.image_size)
    return renderer.motion_of(functional.interpolate(frames, size, mode="bilinear", antialias=True)[None])


def _device(renderer: object) -> torch.device:
    return next(renderer.parameters()).device if isinstance(renderer, nn.Module) else torch.device("cpu")


def extract(
    clips: list[Clip], renderer: Renderer, encoder: AudioEncoder, folder: Path, *, window: int
) -> Iterator[int]:
    """Write every clip's latents (those there already are kept), then latents.json; yields clips done so far."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, clip in enumerate(clips):
        place = folder / f"{clip.name}.safetensors"
        if not place.is_file():
            found = extract_clip(clip, renderer, encoder, window=window)
            beside = place.with_suffix(".part")
            save_file({name: value.contiguous() for name, value in found.items()}, beside)
            beside.replace(place)
        yield number + 1


def measure_space(clips: list[Clip], folder: Path, name: str) -> MotionSpace:
    """The space of the latents in a folder: mean and spread over the training clips."""
    tracks = []
    for clip in clips:
        if clip.split == "train":
            found = load_file(folder / f"{clip.name}.safetensors")
            tracks.append(Motion(found["pose"][None], found["dynamics"][None]))
    return MotionSpace.measured(tracks, name=name)


def write_index(clips: list[Clip], folder: Path, space: MotionSpace, audio_dim: int) -> None:
    """latents.json, see `vasa.data.latents`."""
    rows = [{"name": c.name, "split": c.split, "person": c.facts["person"], "voice": c.facts["voice"]} for c in clips]
    index = {"version": 1, "space": asdict(space), "audio_dim": audio_dim, "clips": rows}
    beside = folder / "latents.json.part"
    beside.write_text(json.dumps(index))
    beside.replace(folder / "latents.json")
