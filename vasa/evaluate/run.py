"""Measures a pipeline on people and voices of a film that it was not trained on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from vasa.data.film import Clip
from vasa.evaluate.head import jitter, obedience
from vasa.evaluate.judges import Judge, Reading
from vasa.evaluate.lips import LipMatch, closure_rate, lip_correlation, open_auc, silent
from vasa.evaluate.pictures import PSNR, SSIM
from vasa.face.crop import Crop
from vasa.people.phones import PHONE_INDEX, SIL
from vasa.pipeline import Pipeline, Sitter
from vasa.render.speed import fast
from vasa.stage import Stage
from vasa.types import Controls
from vasa.video import Video

ASKED_YAW_DEG = (-20.0, 0.0, 20.0)
LEAST_SPEECH = 12  # frames of speech from which lips are correlated
NO_SPEECH = LipMatch(math.nan, math.nan)
HEAD = 2  # part mask of a film: the head, with its hair
Say = Callable[[str], None]


@dataclass(frozen=True)
class Spoken:
    """What was made for one clip: true frames, the same driven by themselves, and speaking; each [T, 3, H, W]."""

    clip: Clip
    truth: Tensor
    reenacted: Tensor
    video: Video
    turned: dict[float, Video]


@dataclass(frozen=True)
class Report:
    """Named numbers, for all clips together and for each."""

    judge: str
    numbers: dict[str, float]
    clips: dict[str, dict[str, float]]


class Trial:
    """Lets a pipeline show every clip's person: source picture is the clip's first frame, the voice is the clip's.

    turn_s: length of the videos in which the head is asked to turn.
    """

    def __init__(self, pipe: Pipeline, *, turn_s: float = 2.0, seed: int = 0) -> None:
        self._pipe, self._turn_s, self._seed = pipe, turn_s, seed

    def __call__(self, clip: Clip) -> Spoken:
        """Show one clip; raises ValueError where its pictures have another size than the renderer's."""
        truth = clip.frames(slice(None)).float() / 255
        size = self._pipe.renderer.image_size
        if truth.shape[-1] != size:
            raise ValueError(
                f"The film has {truth.shape[-1]} pixels a side and the renderer {size}; they must be equal."
            )
        sitter = self._sitter(truth[0])
        samples = clip.speech()
        return Spoken(
            clip, truth, self._reenact(sitter, truth), self._speak(sitter, samples, 0.0), self._turns(sitter, samples)
        )

    def _sitter(self, face: Tensor) -> Sitter:
        side = face.shape[-1]
        stage = Stage(face, Crop(side / 2, side / 2, side), face, None)
        with torch.no_grad():
            return Sitter(self._pipe.renderer.encode(face[None].to(self._pipe.device)), stage)

    @torch.no_grad()
    def _reenact(self, sitter: Sitter, truth: Tensor) -> Tensor:
        """The portrait with the motion seen in each true frame, places and all: nothing is left to choose."""
        renderer, shown = self._pipe.renderer, []
        for frames in truth.split(self._pipe.batch):
            motion = renderer.motion_of(frames[None].to(self._pipe.device))
            with fast(self._pipe.device):
                pictures = renderer.render(sitter.portrait, motion)[0]
            shown.append(pictures.float().cpu().clamp(0, 1))
        return torch.cat(shown)

    def _turns(self, sitter: Sitter, samples: Tensor) -> dict[float, Video]:
        clock = self._pipe.clock
        short = samples[: clock.samples(clock.frames_in(self._turn_s))]
        return {yaw: self._speak(sitter, short, yaw) for yaw in ASKED_YAW_DEG}

    def _speak(self, sitter: Sitter, samples: Tensor, yaw_deg: float) -> Video:
        pose = torch.tensor([[math.radians(yaw_deg), 0.0, 0.0, 0.0, 0.0, 0.0]])
        return self._pipe(sitter, (samples, self._pipe.clock.sample_rate), Controls(pose=pose), self._seed)


def measure(spoken: Spoken, judge: Judge) -> dict[str, float]:
    """All numbers of one clip; their names end in their units."""
    phones = spoken.clip.labels["phone"].long()
    shown, filmed = judge(spoken.video.frames), judge(spoken.truth)
    return {
        **_pictures(spoken),
        **_lips(shown, filmed, spoken.clip.labels["lip_opening"], phones),
        **_turned({yaw: judge(video.frames) for yaw, video in spoken.turned.items()}),
        "jitter_deg": jitter(shown.angles),
        "jitter_filmed_deg": jitter(filmed.angles),
        "face_seen": (~shown.opening.isnan()).double().mean().item(),
    }


def report(spoken: Sequence[Spoken], judge: Judge) -> Report:
    """Measure every clip, and average."""
    clips = {one.clip.name: measure(one, judge) for one in spoken}
    names = next(iter(clips.values()))
    means = {
        name: torch.tensor([row[name] for row in clips.values()], dtype=torch.float64).nanmean().item()
        for name in names
    }
    return Report(judge.name, means, clips)


def sheet(spoken: Sequence[Spoken]) -> Tensor:
    """One row a clip: source, filmed, reenacted, speaking, then turned as asked: [3, H, W]."""
    return torch.cat([torch.cat(list(_row(one)), dim=-1) for one in spoken], dim=-2)


def save_videos(spoken: Sequence[Spoken], folder: Path) -> None:
    """The speaking faces as mp4, for other judges and for the eye."""
    for one in spoken:
        one.video.save(folder / f"{one.clip.name}.mp4")


def _row(one: Spoken) -> Iterator[Tensor]:
    wide = int(one.clip.labels["lip_opening"].argmax())  # the widest open mouth
    yield from (one.truth[0], one.truth[wide], one.reenacted[wide], one.video.frames[wide])
    yield from (video.frames[len(video.pixels) // 2] for video in one.turned.values())


def _pictures(spoken: Spoken) -> dict[str, float]:
    part = F.interpolate(spoken.clip.place(slice(None))[:, 4:].float(), spoken.truth.shape[-2:], mode="nearest")
    masks = {"": None, "person_": (part > 0).float(), "head_": (part == HEAD).float()}
    numbers: dict[str, float] = {}
    for name, metric in (("psnr_db", PSNR()), ("ssim", SSIM())):
        for which, mask in masks.items():
            metric.reset()
            metric.update(spoken.reenacted, spoken.truth, mask)
            numbers[which + name] = metric.compute().item()
    return numbers


def _lips(shown: Reading, filmed: Reading, true: Tensor, phones: Tensor) -> dict[str, float]:
    quiet, speaks = silent(phones), (phones != PHONE_INDEX[SIL]).sum() >= LEAST_SPEECH
    numbers: dict[str, float] = {}
    for which, reading in (("", shown), ("_filmed", filmed)):
        match = lip_correlation(true, reading.opening) if speaks else NO_SPEECH
        numbers |= {
            f"lip_r{which}": match.r,
            f"lip_lag_frames{which}": match.lag,
            f"open_auc{which}": open_auc(reading.opening, phones),
            f"closure_rate{which}": closure_rate(reading.opening, phones),
            f"opening_in_silence{which}": reading.opening[quiet].nanmean().item(),
            f"opening_in_speech{which}": reading.opening[phones != PHONE_INDEX[SIL]].nanmean().item(),
        }
    return numbers


def _turned(readings: dict[float, Reading]) -> dict[str, float]:
    yaw = {asked: math.degrees(seen.angles[:, 0].nanmean().item()) for asked, seen in readings.items()}
    return {f"yaw_asked_{asked:+.0f}_deg": seen for asked, seen in yaw.items()} | {"yaw_miss_deg": obedience(yaw)}
