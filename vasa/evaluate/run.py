"""Measures a pipeline on people and voices of a film that it was not trained on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from vasa.data.film import Clip, brought_to
from vasa.evaluate.head import jitter, obedience
from vasa.evaluate.judges import Judge, Reading
from vasa.evaluate.likeness import Likeness
from vasa.evaluate.lips import LipMatch, closure_rate, lip_correlation, open_auc, silent
from vasa.evaluate.pictures import PSNR, SSIM
from vasa.face.crop import Crop
from vasa.people.phones import PHONE_INDEX, SIL
from vasa.pipeline import Pipeline
from vasa.render.speed import fast
from vasa.sitter import Sitter
from vasa.stage import Stage
from vasa.types import Controls
from vasa.video import Video

ASKED_YAW_DEG = (-20.0, 0.0, 20.0)
LEAST_SPEECH = 12  # frames of speech from which lips are correlated
NO_SPEECH = LipMatch(math.nan, math.nan)
HEAD = 2  # part mask of a film: the head, with its hair
Say = Callable[[str], None]


@dataclass(frozen=True)
class Crossed:
    """A person driven by somebody else's frames: what is shown [T, 3, H, W], and a picture [3, H, W] of who drives."""

    shown: Tensor
    driver: Tensor


@dataclass(frozen=True)
class Spoken:
    """What was made for one clip: true frames, the same driven by themselves, and speaking; each [T, 3, H, W].

    crossed: None where there is nobody else.
    """

    clip: Clip
    truth: Tensor
    reenacted: Tensor
    video: Video
    turned: dict[float, Video]
    crossed: Crossed | None = None


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

    def __call__(self, clip: Clip, driver: Clip | None = None) -> Spoken:
        """Show one clip, driven by itself and by another; raises ValueError where its pictures are too small."""
        truth = frames_of(clip, self._pipe.renderer.image_size)
        sitter = self._sitter(truth[0])
        samples = clip.speech()
        return Spoken(
            clip, truth, self._reenact(sitter, truth), self._speak(sitter, samples, 0.0), self._turns(sitter, samples),
            None if driver is None else self._cross(sitter, driver),
        )  # fmt: skip

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

    def _cross(self, sitter: Sitter, driver: Clip) -> Crossed:
        frames = frames_of(driver, self._pipe.renderer.image_size)
        return Crossed(self._reenact(sitter, frames), frames[0])

    def _turns(self, sitter: Sitter, samples: Tensor) -> dict[float, Video]:
        clock = self._pipe.clock
        short = samples[: clock.samples(clock.frames_in(self._turn_s))]
        return {yaw: self._speak(sitter, short, yaw) for yaw in ASKED_YAW_DEG}

    def _speak(self, sitter: Sitter, samples: Tensor, yaw_deg: float) -> Video:
        pose = torch.tensor([[math.radians(yaw_deg), 0.0, 0.0, 0.0, 0.0, 0.0]])
        return self._pipe(sitter, (samples, self._pipe.clock.sample_rate), Controls(pose=pose), self._seed)


def frames_of(clip: Clip, size: int) -> Tensor:
    """A clip's frames [T, 3, size, size] in [0, 1]; raises ValueError where they have fewer pixels than that."""
    frames = clip.frames(slice(None))
    if frames.shape[-1] < size:
        raise ValueError(
            f"The film has {frames.shape[-1]} pixels a side and the renderer {size}; film it with --size {size}."
        )
    return brought_to(size, frames).float() / 255


def drivers(clips: Sequence[Clip]) -> list[Clip | None]:
    """For each clip the next one, round and round, that shows somebody else; None where nobody else is shown."""
    people = [clip.facts.get("person") for clip in clips]
    rounds = [[*range(n + 1, len(clips)), *range(n)] for n in range(len(clips))]
    return [next((clips[o] for o in some if people[o] != people[n]), None) for n, some in enumerate(rounds)]


def measure(spoken: Spoken, judge: Judge, likeness: Likeness) -> dict[str, float]:
    """All numbers of one clip; their names end in their units."""
    phones = spoken.clip.labels["phone"].long()
    shown, filmed = judge(spoken.video.frames), judge(spoken.truth)
    return {
        **_pictures(spoken),
        **_alike(spoken, likeness),
        **_lips(shown, filmed, spoken.clip.labels["lip_opening"], phones),
        **_turned({yaw: judge(video.frames) for yaw, video in spoken.turned.items()}),
        "jitter_deg": jitter(shown.angles),
        "jitter_filmed_deg": jitter(filmed.angles),
        "face_seen": (~shown.opening.isnan()).double().mean().item(),
    }


def report(spoken: Sequence[Spoken], judge: Judge, likeness: Likeness) -> Report:
    """Measure every clip, and average."""
    clips = {one.clip.name: measure(one, judge, likeness) for one in spoken}
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


def _part(spoken: Spoken) -> Tensor:
    """[T, 1, H, W]: what the film says each pixel shows, 0 where it is background."""
    return F.interpolate(spoken.clip.place(slice(None))[:, 4:].float(), spoken.truth.shape[-2:], mode="nearest")


def _alike(spoken: Spoken, likeness: Likeness) -> dict[str, float]:
    """What networks say; a crossed face should be like its own portrait, and not like that of who drives it."""
    portrait, crossed = spoken.truth[0], spoken.crossed
    return {
        "perceptual": likeness.distance(spoken.reenacted, spoken.truth),
        "person_perceptual": likeness.distance(spoken.reenacted, spoken.truth, (_part(spoken) > 0).float()),
        "identity_filmed": likeness.identity(spoken.truth, portrait),
        "identity_reenacted": likeness.identity(spoken.reenacted, portrait),
        "identity_spoken": likeness.identity(spoken.video.frames, portrait),
        "identity_crossed": likeness.identity(crossed.shown, portrait) if crossed else math.nan,
        "identity_driver": likeness.identity(crossed.shown, crossed.driver) if crossed else math.nan,
    }


def _pictures(spoken: Spoken) -> dict[str, float]:
    part = _part(spoken)
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
