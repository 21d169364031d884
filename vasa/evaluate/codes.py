"""What a renderer's motion codes keep apart, measured on a paired film: faces, head poses and people.

Cosines are taken about the mean of all codes compared: what all faces share makes every cosine high and says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor

from vasa.data.clip import Clip
from vasa.data.paired import PairedFilm
from vasa.evaluate.judges import AT_ONCE
from vasa.evaluate.leak import explained, recognised
from vasa.render import Renderer
from vasa.types import Motion


@dataclass(frozen=True)
class Codes:
    """The motion seen in a film of P people: of the grids [P, A * F, M], and of each motion [P, T, M]."""

    grid: Motion
    motions: tuple[Motion, ...]


@torch.no_grad()
def read_codes(renderer: Renderer, film: PairedFilm, device: torch.device) -> Codes:
    """Every frame as the renderer sees it, on the CPU."""

    def read(clip: Clip) -> Motion:
        pictures = (clip.frames(slice(first, first + AT_ONCE)) for first in range(0, len(clip), AT_ONCE))
        return Motion.cat([renderer.motion_of(some[None].to(device).float() / 255).to("cpu") for some in pictures])

    def of_all(clips: tuple[Clip, ...]) -> Motion:
        seen = [read(clip) for clip in clips]
        return Motion(torch.cat([one.pose for one in seen]), torch.cat([one.dynamics for one in seen]))

    return Codes(of_all(film.grids), tuple(of_all(row) for row in film.motions))


def separation(codes: Codes, film: PairedFilm) -> dict[str, float]:
    """Named numbers of the dynamics codes.

    face_cosine: one person's face at two head poses; other_face_cosine: two faces at one pose. motion_cosine: two
    people at the same time of one motion; other_time_cosine: half a clip apart. yaw_leak, pitch_leak: R2 of head
    angles foretold for people that the probe was not fitted on; person_leak: share of frames whose person is told in
    clips that it was not fitted on, person_chance: by guessing. face_share, pose_share, person_share: of the variance
    over the grids, what is due to each alone.
    """
    grid = rearrange(codes.grid.dynamics, "p (a f) m -> p a f m", f=len(film.faces))
    return _alike(grid, codes) | _leaks(grid, codes, film) | _shares(grid)


def _alike(grid: Tensor, codes: Codes) -> dict[str, float]:
    faces = about_mean(grid)
    acted = about_mean(torch.cat([motion.dynamics for motion in codes.motions], dim=1))
    parts = acted.split([motion.length for motion in codes.motions], dim=1)
    later = torch.cat([part.roll(part.shape[1] // 2, dims=1) for part in parts], dim=1)
    return {
        "face_cosine": between(rearrange(faces, "p a f m -> (p f) a m")),
        "other_face_cosine": between(rearrange(faces, "p a f m -> (p a) f m")),
        "motion_cosine": between(rearrange(acted, "p t m -> t p m")),
        "other_time_cosine": between(rearrange(acted, "p t m -> t p m"), rearrange(later, "p t m -> t p m")),
    }


def _leaks(grid: Tensor, codes: Codes, film: PairedFilm) -> dict[str, float]:
    people, angles, faces = grid.shape[:3]
    rows, who = rearrange(grid, "p a f m -> (p a f) m"), torch.arange(people)
    owner = repeat(who, "p -> (p n)", n=angles * faces)
    asked = repeat(film.angles, "a k -> (p a f) k", p=people, f=faces)
    clips = [rows, *[rearrange(motion.dynamics, "p t m -> (p t) m") for motion in codes.motions]]
    owners = torch.cat([repeat(who, "p -> (p n)", n=len(clip) // people) for clip in clips])
    acts = torch.cat([torch.full((len(clip),), n) for n, clip in enumerate(clips)])
    return {
        "yaw_leak": explained(rows, asked[:, 0], owner),
        "pitch_leak": explained(rows, asked[:, 1], owner),
        "person_leak": recognised(torch.cat(clips), owners, acts),
        "person_chance": 1 / people,
    }


def _shares(grid: Tensor) -> dict[str, float]:
    """Main effects of a crossed design: variance of the means over everything else, over the whole variance."""
    away = (grid - grid.mean((0, 1, 2))).double()
    whole = away.square().sum(-1).mean().clamp_min(1e-12)
    others = {"face_share": (0, 1), "pose_share": (0, 2), "person_share": (1, 2)}
    return {name: (away.mean(over).square().sum(-1).mean() / whole).item() for name, over in others.items()}


def about_mean(codes: Tensor) -> Tensor:
    """Codes [..., M] as directions from their mean."""
    return F.normalize(codes - codes.mean(tuple(range(codes.ndim - 1))), dim=-1)


def between(one: Tensor, other: Tensor | None = None) -> float:
    """Mean cosine of unit vectors [N, K, M] over all pairs of different k of one n, the second taken from `other`."""
    other = one if other is None else other
    together = (one.sum(1) * other.sum(1)).sum(-1) - (one * other).sum((-2, -1))
    return (together / (one.shape[1] * (one.shape[1] - 1))).mean().item()
