"""One clip of a film: who, what, how; filmed and written with all labels."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from vasa.clock import CLOCK
from vasa.data.clip import packed
from vasa.people.actor import Look
from vasa.people.arkit import coefficients
from vasa.people.avatar import Avatar
from vasa.people.behaviour import Performance, roam, speak
from vasa.people.direction import Direction, direction
from vasa.people.landmarks import landmarks, visible
from vasa.people.looks import look
from vasa.people.person import Crowd, Person, number_of, person
from vasa.people.phones import phone_track
from vasa.people.rig import Placement, face, lip_opening, place, seen_pose
from vasa.people.scene import Filmed, Stage
from vasa.people.sensor import Sensor, sense
from vasa.people.speech_source import SpeechSource, silence
from vasa.people.voices import Utterance

Kind = Literal["speech", "idle", "expression", "paired", "grid"]
KINDS: tuple[tuple[Kind, float], ...] = (("speech", 0.8), ("idle", 0.05), ("expression", 0.15))
WIDE_SHARE = 0.2  # of the clips turn far
_STREAMS: dict[Crowd, int] = {"all": 2, "train": 7, "test": 8}  # of chance: no clip of one is acted like one of another


@dataclass(frozen=True)
class Script:
    """What happens in a clip."""

    who: Person
    kind: Kind
    wide: bool
    said: Utterance
    acted: Performance
    look: Look
    told: Direction | None = None  # None leaves people to themselves
    motion: int | None = None  # which motion of a paired film
    sensor: Sensor | None = None  # None films without any loss


def script(
    index: int, files: tuple[Path, ...], speech: SpeechSource, *, people: int, seed: int, clip_s: float, split: Crowd,
    directed: float = 0.0,
) -> Script:  # fmt: skip
    """Clip `index` of the film that `seed` makes of so many people of a split; depends on nothing else.

    directed: share of the clips that are acted to direction; the others stay what they are.
    """
    rng = np.random.default_rng((seed, _STREAMS[split], index))
    who = person(number_of(index % people, split), files, seed=seed)
    kind = KINDS[rng.choice(len(KINDS), p=[share for _, share in KINDS])][0]
    wide = bool(rng.random() < WIDE_SHARE)
    frames = CLOCK.frames_in(float(np.clip(rng.normal(6, 1), 4, 8)) * clip_s / 6)
    said = speech.draw(rng, who.split, frames) if kind == "speech" else silence(frames)
    told = _told(np.random.default_rng((seed, _STREAMS[split], index, 1)), frames, directed)
    if kind == "expression":
        acted = roam(rng, frames, who.habits, wide=wide, told=told)
    else:
        acted = speak(rng, said.phones, said.samples, who.habits, wide=wide, told=told)
    return Script(who, kind, wide, said, acted, look(rng), told)


def _told(rng: np.random.Generator, frames: int, share: float) -> Direction | None:
    return direction(rng, frames) if rng.random() < share else None


def shoot(stage: Stage, avatar: Avatar, made: Script) -> tuple[Filmed, dict[str, np.ndarray]]:
    """Pictures, maps and labels of a script."""
    placement = posed(avatar, made)
    filmed = stage.film(avatar, made.look, expression=made.acted.expression, parts=placement.parts)
    tracks = labels(avatar, made, placement) | points(avatar, made, placement, filmed.places)
    if made.sensor is not None:
        filmed = replace(filmed, frames=sense(filmed.frames, made.sensor))
    return filmed, tracks


def posed(avatar: Avatar, made: Script) -> Placement:
    """Where the parts of the avatar are in each frame of a script."""
    motion = made.acted.motion
    return place(
        avatar, head=motion.head, body=motion.body, shift=motion.shift, log_scale=motion.log_scale, look=made.acted.look
    )


def points(avatar: Avatar, made: Script, placement: Placement, places: np.ndarray) -> dict[str, np.ndarray]:
    """The labels `landmarks` [T, 68, 3] and `landmarks_seen` [T, 68]; see `vasa.people.landmarks`."""
    where, cosine = landmarks(
        avatar, expression=made.acted.expression, parts=placement.parts, distance=made.look.distance
    )
    return {"landmarks": where, "landmarks_seen": visible(where, cosine, places)}


def labels(avatar: Avatar, made: Script, placement: Placement) -> dict[str, np.ndarray]:
    """Everything that is known about each frame without seeing it."""
    acted, frames = made.acted, len(placement.pose)
    pose = seen_pose(placement, made.look.distance)
    times = (np.arange(frames) + 0.5) / CLOCK.frame_rate
    track = {
        "pose": pose,
        "gaze": placement.gaze,
        "eyes": placement.eyes,
        "blink": np.repeat(acted.blink[:, None], 2, axis=1),
        "expression": acted.expression,
        "arkit": coefficients(acted.expression, placement.eyes),
        "lip_opening": lip_opening(avatar, face(avatar, acted.expression)[0]),
        "emotion": acted.emotion,
        "distance": np.exp(-pose[:, 5:]),
    }
    exact = {name: np.asarray(value, np.float32) for name, value in track.items()}
    return exact | {"phone": phone_track(made.said.phones, times)}


def pack_clip(index: int, made: Script, filmed: Filmed, tracks: dict[str, np.ndarray]) -> bytes:
    """A clip as a piece of a shard."""
    facts = {
        "person": made.who.number,
        "fitted": made.who.body.stem if made.who.body.suffix == ".npz" else None,  # to which portrait
        "voice": made.said.voice,
        "text": made.said.text,
        "split": made.who.split,
        "kind": made.kind,
        "wide": made.wide,
        "directed": made.told is not None,
        "motion": made.motion,
        "sensor": made.sensor and asdict(made.sensor),
    }
    return packed(
        f"{index:06d}", facts=facts, labels=tracks, samples=made.said.samples,
        frames=filmed.frames, places=filmed.places, parts=filmed.parts,
    )  # fmt: skip
