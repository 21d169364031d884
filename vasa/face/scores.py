"""How well faces are read; all take what was read and the truth, of N pictures."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor

from vasa.face.labels import FaceLabels
from vasa.face.points import OUTER_CORNERS
from vasa.face.reading import FaceReading
from vasa.geometry import direction

VARIES = 0.05  # standard deviation of an ARKit coefficient that is worth reading
SHOWN = 0.5  # weight of the strongest emotion, neutral among them, from which on a face shows it


def scores(read: FaceReading, truth: FaceLabels) -> dict[str, Tensor]:
    """Named numbers of pictures that all show a face."""
    off = (read.pose - truth.pose).abs()
    names = ("yaw", "pitch", "roll")
    found = {"nme_percent": nme(read.landmarks, truth.landmarks, truth.seen)}
    found |= {f"{name}_degrees": off[:, n].mean().rad2deg() for n, name in enumerate(names)}
    found |= {
        "pose_degrees": off[:, :3].mean().rad2deg(),
        "pose_shift": off[:, 3:].mean(),
        "gaze_degrees": gaze_degrees(read.gaze, truth.gaze, opened=truth.blink.amax(-1) < 0.5),
        "blink_r": correlation(read.blink.mean(-1), truth.blink.mean(-1)),
        "lip_r": correlation(read.lip_opening, truth.lip_opening),
        "arkit_r": arkit_correlation(read.arkit, truth.arkit),
    }
    shown = truth.acted & (truth.emotion.amax(-1) >= SHOWN)
    if shown.any():
        right = read.emotion.argmax(-1) == truth.emotion.argmax(-1)
        found["emotion_accuracy"] = right[shown].float().mean()
    return found


def nme(points: Tensor, truth: Tensor, seen: Tensor) -> Tensor:
    """Mean distance of seen points over the distance between the outer corners of the eyes, in percent (300-W).

    points, truth: [N, 68, 2]; seen: [N, 68].
    """
    right, left = truth[:, OUTER_CORNERS].unbind(1)
    unit = (left - right).norm(dim=-1, keepdim=True).clamp_min(0.05)  # in profile the corners nearly meet
    away = (points - truth).norm(dim=-1) / unit
    return 100 * away[seen].mean()


def gaze_degrees(gaze: Tensor, truth: Tensor, *, opened: Tensor) -> Tensor:
    """Mean angle between two directions [N, 2] where the eyes are open [N]."""
    cosine = (direction(*gaze.unbind(-1)) * direction(*truth.unbind(-1))).sum(-1)
    return cosine.clamp(-1, 1).acos().rad2deg()[opened].mean()


def correlation(read: Tensor, truth: Tensor) -> Tensor:
    """Pearson's r of two rows of numbers [N]; 0 where one of them does not change."""
    a, b = (x.double() - x.double().mean() for x in (read, truth))
    return (a * b).mean() / (a.square().mean() * b.square().mean()).sqrt().clamp_min(1e-12)


def arkit_correlation(read: Tensor, truth: Tensor) -> Tensor:
    """Mean r of the coefficients [N, 52] that vary by 0.05 or more; 0 where none does."""
    varying = (truth.std(0) >= VARIES).nonzero()[:, 0].tolist() if len(truth) > 1 else []
    found = [correlation(read[:, n], truth[:, n]) for n in varying]
    return torch.stack(found).mean() if found else torch.zeros((), dtype=torch.float64)


def same_person(query: Tensor, gallery: Tensor, person: Tensor, allowed: Tensor) -> Tensor:
    """Share of embeddings [N, I] whose nearest among `gallery` [N, I] is of the same person [N].

    allowed: [N, N], which of the gallery each may be compared with; those that may meet no picture of their own person
    are left out. NaN where that leaves none.
    """
    likeness = query @ gallery.mT
    likeness = torch.where(allowed, likeness, -2.0)
    same = rearrange(person, "n -> n 1") == person
    able = (same & allowed).any(-1)
    return same[torch.arange(len(person), device=person.device), likeness.argmax(-1)][able].float().mean()
