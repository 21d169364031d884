"""What a renderer shows of a paired film against what was filmed: itself, with parts swapped, and as somebody else.

Every person's portrait is one frame of their grid, frontal and silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from vasa.data.clip import Clip
from vasa.data.paired import PairedFilm
from vasa.evaluate.codes import Codes
from vasa.evaluate.judges import AT_ONCE
from vasa.evaluate.pictures import PSNR
from vasa.face.reading import FaceReading
from vasa.face.scores import correlation
from vasa.render import Renderer
from vasa.render.speed import fast
from vasa.types import Motion, Portrait

NEAR_DEG = 3.0  # mean of yaw, pitch and roll: what counts as the same head pose


class Reads(Protocol):
    """Reads faces off pictures; `vasa.evaluate.probe.Probe` does."""

    def read(self, frames: Tensor) -> FaceReading:
        """Frames [T, 3, H, H] in [0, 1], cropped as the film's are."""
        ...


@dataclass(frozen=True)
class Act:
    """What person number `person` is to do, and the clip in which they were filmed doing just that.

    motion: [1, T, M] for the renderer; None shows what was filmed, the limit of what reads it. givers: of pose and of
    dynamics, for each frame as (clip, frame).
    """

    name: str
    person: int
    truth: Clip
    motion: Motion | None
    pose_of: tuple[Clip, Tensor]
    dynamics_of: tuple[Clip, Tensor]


@dataclass(frozen=True)
class Cells:
    """For each frame of a grid, another frame of the same angle and one of the same face: [A * F] each."""

    pose_of: Tensor
    dynamics_of: Tensor

    @classmethod
    def draw(cls, film: PairedFilm, seed: int) -> Cells:
        """Which ones is chance."""
        random = torch.Generator().manual_seed(seed)
        angles, faces = len(film.angles), len(film.faces)
        angle, face = torch.arange(angles * faces) // faces, torch.arange(angles * faces) % faces
        other_face = (face + torch.randint(1, faces, face.shape, generator=random)) % faces
        other_angle = (angle + torch.randint(1, angles, angle.shape, generator=random)) % angles
        return cls(angle * faces + other_face, other_angle * faces + face)


def acts(film: PairedFilm, codes: Codes, *, seed: int = 0) -> Iterator[Act]:
    """Everything that is shown: grids as filmed, as seen in themselves and swapped; motions as filmed, own, another's.

    Swapped: each cell with the head pose seen in a cell of another face, and the dynamics seen at another angle.
    """
    cells = Cells.draw(film, seed)
    for person, clip in enumerate(film.grids):
        own = codes.grid.rows(slice(person, person + 1))
        swapped = Motion(own.pose[:, cells.pose_of], own.dynamics[:, cells.dynamics_of])
        itself = clip, torch.arange(len(clip))
        yield Act("grid filmed", person, clip, None, itself, itself)
        yield Act("grid own", person, clip, own, itself, itself)
        yield Act("grid swapped", person, clip, swapped, (clip, cells.pose_of), (clip, cells.dynamics_of))
    for clips, motion in zip(film.motions, codes.motions, strict=True):
        for person, clip in enumerate(clips):
            other = (person + 1) % film.people
            frames = torch.arange(len(clip))
            yield Act("filmed", person, clip, None, (clip, frames), (clip, frames))
            for name, who in (("self", person), ("crossed", other)):
                seen = motion.rows(slice(who, who + 1))
                yield Act(name, person, clip, seen, (clips[who], frames), (clips[who], frames))


class Showing:
    """Shows acts and scores them. Raises ValueError where the film's pictures have another size than the renderer's."""

    def __init__(self, renderer: Renderer, film: PairedFilm, reader: Reads, *, device: torch.device) -> None:
        self.renderer, self.reader, self.device = renderer, reader, device
        frame = film.portrait
        self.faces = torch.cat([clip.frames(slice(frame, frame + 1)) for clip in film.grids]).float() / 255
        if self.faces.shape[-1] != renderer.image_size:
            raise ValueError(
                f"The film has {self.faces.shape[-1]} pixels a side and the renderer {renderer.image_size}; "
                "they must be equal."
            )
        self.known = reader.read(self.faces).identity
        self._filmed: dict[str, FaceReading] = {}
        with torch.no_grad():
            self.portraits: list[Portrait] = [renderer.encode(face[None].to(device)) for face in self.faces]

    def __call__(self, act: Act) -> dict[str, float]:
        """Named numbers of one act: see `averaged`."""
        picture, person, read = PSNR(), PSNR(), []
        for frames in _pieces(len(act.truth)):
            truth, shown = act.truth.frames(frames).float() / 255, self.pictures(act, frames)
            part = F.interpolate(act.truth.place(frames)[:, 4:].float(), truth.shape[-2:], mode="nearest")
            picture.update(shown, truth)
            person.update(shown, truth, (part > 0).float())
            read += [] if act.motion is None else [self.reader.read(shown)]
        found = {"psnr_db": picture.compute().item(), "person_psnr_db": person.compute().item()}
        return found | self._compared(FaceReading.cat(read) if read else self.filmed(act.truth), act)

    @torch.no_grad()
    def pictures(self, act: Act, frames: slice) -> Tensor:
        """Some frames of an act: [n, 3, H, W]."""
        if act.motion is None:
            return act.truth.frames(frames).float() / 255
        with fast(self.device):
            shown = self.renderer.render(self.portraits[act.person], act.motion[frames].to(self.device))[0]
        return shown.float().cpu().clamp(0, 1)

    def filmed(self, clip: Clip) -> FaceReading:
        """What is read off a clip as it was filmed; read once."""
        if clip.name not in self._filmed:
            parts = [self.reader.read(clip.frames(frames).float() / 255) for frames in _pieces(len(clip))]
            self._filmed[clip.name] = FaceReading.cat(parts)
        return self._filmed[clip.name]

    def _compared(self, read: FaceReading, act: Act) -> dict[str, float]:
        labels, filmed = act.truth.labels, self.filmed(act.truth)
        off, away = (torch.rad2deg((read.pose - pose)[:, :3].abs()) for pose in (labels["pose"], filmed.pose))
        likeness = read.identity @ self.known.mT
        return {
            "pose_deg": off.mean().item(),
            "pose_from_filmed_deg": away.mean().item(),
            "pose_near": (away.mean(-1) < NEAR_DEG).double().mean().item(),
            "lip_r": correlation(read.lip_opening, labels["lip_opening"]).item(),
            "blink_r": correlation(read.blink.mean(-1), labels["blink"].mean(-1)).item(),
            "identity": likeness[:, act.person].mean().item(),
            "identity_top1": (likeness.argmax(-1) == act.person).double().mean().item(),
        }


def averaged(rows: Sequence[tuple[str, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    """Means of what each name's acts scored.

    psnr_db, person_psnr_db: against what was filmed, over all and over the person. pose_deg: how far the yaw, pitch
    and roll that are read off what is shown lie from the truth, on average; pose_from_filmed_deg: from what is read off
    the filmed frame, where the reader errs alike; pose_near: share of frames that lie within 3 degrees of that.
    lip_r, blink_r: correlation of what is read with the truth. identity: cosine with the person's portrait;
    identity_top1: share of frames nearer to it than to anybody else's.
    """
    return {name: _mean([row for other, row in rows if other == name]) for name, _ in rows}


def _mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


def _pieces(length: int) -> Iterator[slice]:
    return (slice(first, min(first + AT_ONCE, length)) for first in range(0, length, AT_ONCE))
