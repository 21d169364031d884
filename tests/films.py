"""A small made-up film with true labels: a textured ball that turns, for tests without a 3-D engine."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vasa.data.clip import VERSION, packed
from vasa.data.shards import append
from vasa.geometry import invert, pose_matrix, transform

RADIUS = 0.6


def ball(pose: Tensor, colours: Tensor, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures [T, size, size, 3] and place maps [T, 5, size / 4, size / 4] of a ball seen at poses [T, 6]."""
    canonical, depth, hit = _seen(pose, size)
    stripes = 0.5 + 0.5 * torch.sin(canonical * 9 + colours)
    frames = torch.where(hit[..., None], stripes, torch.full_like(stripes, 0.3))
    place, depth, hit = _seen(pose, size // 4)
    rows = torch.cat([place, depth[..., None]], dim=-1).movedim(-1, 1)
    place = torch.cat([((rows + 1) * 127.5).round().clamp(0, 255) * hit[:, None], 2 * hit[:, None].float()], dim=1)
    return (frames * 255).byte().numpy(), place.byte().numpy()


def _seen(pose: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    axis = (torch.arange(size) + 0.5) * 2 / size - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    scale = RADIUS * pose[:, 5].exp()[:, None, None]
    dx, dy = x - pose[:, 3, None, None], y - pose[:, 4, None, None]
    inside = scale**2 - dx**2 - dy**2
    depth = inside.clamp_min(0).sqrt()
    points = torch.stack([x.expand_as(dx), y.expand_as(dy), depth], dim=-1)
    return transform(invert(pose_matrix(pose)), points), depth, inside > 0


def make_film(
    folder: Path, *, clips: int = 3, frames: int = 12, size: int = 32, seed: int = 0, people: int | None = None,
    held_out: int = 1,
) -> Path:  # fmt: skip
    """A film folder as `vasa people film` writes it, of as many people as clips or fewer; the last are held out."""
    people = people or clips
    random = torch.Generator().manual_seed(seed)
    pieces = []
    for number in range(clips):
        pose = torch.randn(frames, 6, generator=random) * torch.tensor([0.3, 0.2, 0.1, 0.1, 0.1, 0.1])
        pictures, places = ball(pose, torch.rand(3, generator=random) * 6, size)
        split = "test" if number >= clips - held_out else "train"
        facts = {"person": number % people, "voice": "none", "text": "", "split": split}
        tone = np.sin(np.arange(frames * 640) / 20) / 4
        pieces.append(
            packed(
                f"{number:06d}", facts=facts, labels=_labels(pose, number), samples=tone, frames=pictures,
                places=places, parts=places[:, 4].repeat(2, 1).repeat(2, 2),
            )
        )  # fmt: skip
    append(shard_of(folder), pieces)
    film = {"version": VERSION, "size": size, "fps": 25, "seed": seed, "people": people, "numbers": people}
    (folder / "film.json").write_text(json.dumps(film | {"clips": clips, "expression_names": ["jawOpen", "smile"]}))
    return folder


def shard_of(folder: Path) -> Path:
    """The one shard of such a film."""
    return folder / "shards" / "000000.tar"


def _labels(pose: Tensor, seed: int) -> dict[str, np.ndarray]:
    random, t = np.random.default_rng(seed), len(pose)
    points = 0.4 * torch.rand(t, 68, 3, generator=torch.Generator().manual_seed(seed)) + pose[:, None, 3:]
    sizes = {"gaze": 2, "eyes": 2, "blink": 2, "expression": 2, "emotion": 8}
    rest = {name: random.random((t, size), np.float32) for name, size in sizes.items()}
    return rest | {
        "pose": pose.numpy(),
        "lip_opening": random.random(t).astype(np.float32),
        "landmarks": points.numpy(),
        "arkit": np.random.default_rng([seed, 1]).random((t, 52), np.float32),
        "landmarks_seen": random.random((t, 68)) < 0.9,
        "distance": np.exp(-pose[:, 5:].numpy()),
        "phone": np.zeros(t, np.int16),
    }
