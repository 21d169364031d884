"""From a film to what the motion generator learns from: latents, sound features and labels of every clip."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from vasa.audio import AudioEncoder, window_features
from vasa.data.film import brought_to, expression
from vasa.data.footage import Footage
from vasa.data.gaze import main_gaze
from vasa.motion.fitting import handles_of
from vasa.motion.handles import Handles
from vasa.render import Renderer
from vasa.render.meaning import Meaning
from vasa.render.speed import exact
from vasa.render.volume import VolumeRenderer
from vasa.space import MotionSpace
from vasa.types import Motion
from vasa.whole import beside

LABELS = ("gaze", "distance", "emotion", "lip_opening")
FOR_HANDLES = ("blink", "eyes", "expression")  # labels that films have and `vasa.motion.fitting` uses


@torch.inference_mode()
def extract_clip(
    clip: Footage, renderer: Renderer, encoder: AudioEncoder, *, window: int, labelled: bool = False
) -> dict[str, Tensor]:
    """Latents and labels of one clip: pose [T, 6], dynamics [T, N], features [T, A] and the film's own labels.

    labelled: dynamics are those that the labels stand for, not those seen in the frames; raises ValueError for a
    renderer that does not know them.
    """
    motion = told(renderer, clip) if labelled else watched(renderer, clip)
    speech = rearrange(clip.speech(), "s -> 1 s").to(_device(renderer))
    features = window_features(encoder, speech, window)[0]
    latents = {"pose": motion.pose[0], "dynamics": motion.dynamics[0], "features": features}
    labels = {name: clip.labels[name] for name in (*LABELS, *FOR_HANDLES) if name in clip.labels}
    found = {name: value.float().cpu() for name, value in latents.items()} | labels
    directed = torch.full((len(clip),), bool(clip.facts.get("directed")))
    return found | {"main_gaze": main_gaze(clip.labels["gaze"]), "directed": directed}


def told(renderer: Renderer, clip: Footage) -> Motion:
    """What the labels of a clip say, in a renderer's latents: [1, T, M]."""
    meaning = meaning_of(renderer)
    dynamics = meaning.dynamics_of(expression(clip.labels).to(meaning.spread))
    return Motion(clip.labels["pose"][None].to(dynamics), dynamics[None])


def meaning_of(renderer: Renderer) -> Meaning:
    """What its dynamics stand for; raises ValueError where that is not known."""
    meaning = renderer.meaning if isinstance(renderer, VolumeRenderer) else None
    if meaning is None:
        raise ValueError("This renderer does not know what labels stand for: extract without --labelled.")
    return meaning


def watched(renderer: Renderer, clip: Footage, *, batch: int = 50) -> Motion:
    """What a renderer sees in the frames of a clip: [1, T, M]."""
    pose, device, parts = clip.labels["pose"], _device(renderer), []
    for start in range(0, len(clip), batch):
        now = slice(start, start + batch)
        with exact(device):  # once, and alike wherever it is done
            frames = brought_to(renderer.image_size, clip.frames(now)).to(device).float() / 255
            parts.append(seen(renderer, frames, pose[now].to(device)))
    return Motion.cat(parts)


def seen(renderer: Renderer, frames: Tensor, pose: Tensor) -> Motion:
    """The motion [1, T, M] in frames [T, 3, H, H] of the renderer's size, whose labelled pose is [T, 6].

    A `VolumeRenderer` learned from such labels ("head pose is known, not guessed"): its dynamics are read at that pose.
    Any other renderer has a head of its own, so both are what it sees.
    """
    if isinstance(renderer, VolumeRenderer):
        return Motion(pose[None], renderer.dynamics(frames, pose)[None])
    return renderer.motion_of(frames[None])


def _device(renderer: object) -> torch.device:
    return next(renderer.parameters()).device if isinstance(renderer, nn.Module) else torch.device("cpu")


def extract(
    clips: Sequence[Footage], renderer: Renderer, encoder: AudioEncoder, folder: Path, *, window: int,
    labelled: bool = False,
) -> Iterator[int]:  # fmt: skip
    """Write every clip's latents (those there already are kept), then latents.json; yields clips done so far."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, clip in enumerate(clips):
        place = folder / f"{clip.name}.safetensors"
        if not place.is_file():
            found = extract_clip(clip, renderer, encoder, window=window, labelled=labelled)
            with beside(place) as file:
                save_file({name: value.contiguous() for name, value in found.items()}, file)
        yield number + 1


def check_same_source(folder: Path, source: str) -> None:
    """Note what latents are made from; raises ValueError where the folder was begun with something else."""
    path = folder / "source.txt"
    if path.is_file() and path.read_text() != source:
        raise ValueError(
            f"{folder} was begun with another renderer, audio encoder or window; name a new folder, or the same parts."
        )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(source)


def fingerprint(renderer: object, encoder: object, window: int, *, labelled: bool = False) -> str:
    """A line that differs where weights, look-ahead or the window of sound do; the space may be measured anew."""
    sums = [zlib.crc32(value.detach().cpu().contiguous().numpy().tobytes()) for value in _weights(renderer, encoder)]
    seen = [getattr(encoder, name, None) for name in ("context_s", "lookahead_s")]
    return f"{zlib.crc32(repr(sums).encode()):08x} {seen} window {window}{' labelled' * labelled}"


def _weights(*parts: object) -> Iterator[Tensor]:
    for part in parts:
        if isinstance(part, nn.Module):
            yield from part.state_dict().values()


def measure_space(clips: Sequence[Footage], folder: Path, name: str) -> MotionSpace:
    """The space of the latents in a folder: mean and spread over the training clips."""
    tracks = []
    for clip in clips:
        if clip.split == "train":
            found = load_file(folder / f"{clip.name}.safetensors")
            tracks.append(Motion(found["pose"][None], found["dynamics"][None]))
    return MotionSpace.measured(tracks, name=name)


def fit_handles(clips: Sequence[Footage], folder: Path, expressions: Sequence[str]) -> Handles:
    """Where lips, blinks and gaze are in the dynamics of the training clips."""
    found = [load_file(folder / f"{c.name}.safetensors") for c in clips if c.split == "train"]
    names = [name for name in ("lip_opening", *FOR_HANDLES) if all(name in one for one in found)]
    joined = {name: torch.cat([one[name].float() for one in found]) for name in ("dynamics", *names)}
    return handles_of(joined.pop("dynamics"), joined, expressions)


def statistics(clips: Sequence[Footage], folder: Path) -> dict[str, Any]:
    """How much there is, and how every latent and label is spread over the training clips."""
    found = [load_file(folder / f"{c.name}.safetensors") for c in clips if c.split == "train"]
    frames = {split: sum(len(c) for c in clips if c.split == split) for split in ("train", "test")}
    people = {split: len({_person(c) for c in clips if c.split == split}) for split in ("train", "test")}
    return {"frames": frames, "people": people, "values": {name: _spread(found, name) for name in ("pose", *LABELS)}}


def _spread(found: list[dict[str, Tensor]], name: str) -> dict[str, list[float]]:
    rows = torch.cat([one[name].float().reshape(len(one[name]), -1) for one in found])
    marks = {"mean": rows.mean(0), "std": rows.std(0), "least": rows.amin(0), "most": rows.amax(0)}
    return {mark: [round(float(v), 5) for v in value] for mark, value in marks.items()}


def _person(clip: Footage) -> tuple[str, int]:
    """Who it is among the people of several films, see `vasa.data.film.clips_of_all`."""
    return clip.name.rpartition("-")[0], clip.facts["person"]


def write_index(clips: Sequence[Footage], folder: Path, space: MotionSpace, audio_dim: int) -> None:
    """latents.json, see `vasa.data.latents`."""
    rows = [{"name": c.name, "split": c.split, "person": c.facts["person"], "voice": c.facts["voice"]} for c in clips]
    index = {"version": 1, "space": asdict(space), "audio_dim": audio_dim, "clips": rows}
    index["statistics"] = statistics(clips, folder)
    with beside(folder / "latents.json") as file:
        file.write_text(json.dumps(index))
