from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from vasa.config import instantiate, leaf
from vasa.motion import DiffusionMotion
from vasa.space import MotionSpace
from vasa.types import Motion


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture
def tiny() -> DiffusionMotion:
    return instantiate(leaf("motion", "tiny")).eval()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Latents as `vasa extract` writes them, of faces whose motion is a delayed mix of their sound."""
    place, random = tmp_path_factory.mktemp("latents"), torch.Generator().manual_seed(0)
    mix = torch.randn(12, 8, generator=random) / 12**0.5
    tracks = {f"{i:03d}": _face(40 + i, mix, random) for i in range(12)}
    for name, track in tracks.items():
        save_file({key: value.half().contiguous() for key, value in track.items()}, place / f"{name}.safetensors")
    space = MotionSpace.measured([Motion(t["pose"][None], t["dynamics"][None]) for t in tracks.values()])
    clips = [
        {"name": name, "split": "test" if i % 6 == 5 else "train", "person": i, "voice": "en"}
        for i, name in enumerate(tracks)
    ]
    listing = {"version": 1, "space": asdict(space), "audio_dim": 12, "clips": clips}
    (place / "latents.json").write_text(json.dumps(listing))
    return place


def _face(frames: int, mix: Tensor, random: torch.Generator) -> dict[str, Tensor]:
    noise = torch.randn(frames + 3, 12, generator=random)
    sound = (noise[:-3] + noise[1:-2] + noise[2:-1] + noise[3:]) / 2
    gaze = 0.2 * torch.randn(1, 2, generator=random).expand(frames, 2)
    dynamics = sound.roll(1, dims=0) @ mix
    pose = 0.1 * torch.cat([gaze, gaze, gaze], dim=-1) + 0.02 * dynamics[:, :6]
    return {
        "features": sound, "dynamics": dynamics, "pose": pose, "gaze": gaze, "lip_opening": dynamics[:, 0],
        "distance": 1 + 0.1 * torch.randn(1, 1, generator=random).expand(frames, 1),
        "emotion": torch.rand(1, 8, generator=random).expand(frames, 8),
    }  # fmt: skip
