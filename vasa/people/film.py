"""Films many clips of virtual people with all labels: parallel, resumable, the same from the same seed."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty

import numpy as np

from vasa.clock import CLOCK
from vasa.people.avatar import EXPRESSIONS
from vasa.people.clip import Script, script, shoot, sweep, write_clip
from vasa.people.mixing import embody
from vasa.people.paired import grid_facts, paired_script
from vasa.people.person import avatar_files
from vasa.people.regions import PARTS
from vasa.people.scene import Stage
from vasa.people.sensor import sensor
from vasa.people.speech_source import SpeechSource, open_source

VERSION = 2  # 2: landmarks, part maps
CLIP_S = 6.0  # on average
_REFRESH = 10  # clips between two writings of film.json


@dataclass(frozen=True)
class Plan:
    """What to film."""

    folder: Path
    avatars: Path
    people: int
    clips: int
    size: int
    seed: int
    recordings: Path | None = None
    cache: Path | None = None
    paired: bool = False  # see `vasa.people.paired`
    sensor: bool = False  # pictures as cameras and files spoil them, see `vasa.people.sensor`

    @property
    def bytes_needed(self) -> int:
        """Disk space of the whole film."""
        maps = 5 * (self.size // 4) ** 2 + (self.size // 2) ** 2
        frame = 3 * self.size**2 + maps + CLOCK.samples_per_frame * 2 + 1300
        return int(self.clips * CLIP_S * CLOCK.frame_rate * frame)

    def clip(self, index: int) -> Path:
        return self.folder / "clips" / f"{index:06d}"

    def script(self, index: int, files: tuple[Path, ...], speech: SpeechSource) -> Script:
        """What happens in clip `index`."""
        write = paired_script if self.paired else script
        made = write(index, files, speech, people=self.people, seed=self.seed)
        return replace(made, sensor=sensor(np.random.default_rng((self.seed, 6, index)))) if self.sensor else made


def clips_for(minutes: float) -> int:
    """How many clips last this long together."""
    return max(1, round(minutes * 60 / CLIP_S))


def film(plan: Plan, *, workers: int = 1, progress: Callable[[int], None] = lambda _frames: None) -> Path:
    """Film what is missing of the plan and return its film.json; `progress` hears the frames of each clip.

    Raises ValueError where the folder holds another film or the disk is too small.
    """
    avatar_files(plan.avatars)
    _claim(plan)
    missing = [i for i in range(plan.clips) if not plan.clip(i).exists()]
    workers = min(workers, len(missing))
    context = multiprocessing.get_context("spawn")
    done: Queue[int | str] = context.Queue()
    crew = [context.Process(target=_work, args=(plan, missing[w::workers], done), daemon=True) for w in range(workers)]
    for worker in crew:
        worker.start()
    try:
        for number in range(len(missing)):
            progress(_next(done, crew))
            if number % _REFRESH == 0:
                _note(plan)
    finally:
        for worker in crew:
            worker.terminate()
            worker.join()
    return _note(plan)


def _next(done: Queue[int | str], crew: list[SpawnProcess]) -> int:
    """Frames of the next clip that is done; raises ValueError where a worker met a mistake or is gone."""
    while True:
        try:
            report = done.get(timeout=2)
        except Empty:
            if any(worker.exitcode for worker in crew):
                raise ValueError("A filming process was killed, perhaps for memory; use fewer workers.") from None
            continue
        if isinstance(report, str):
            raise ValueError(report)
        return report


def _claim(plan: Plan) -> None:
    """Check that the folder is free or holds the same film, and that the disk is large enough."""
    (plan.folder / "clips").mkdir(parents=True, exist_ok=True)
    sweep(plan.folder / "clips")
    path = plan.folder / "film.json"
    if not path.exists():
        _note(plan)
    else:
        there = json.loads(path.read_text())
        differing = [name for name, value in _kind(plan).items() if there.get(name) != value]
        if differing:
            held = ", ".join(f"{name} {there.get(name)}" for name in ("version", "seed", "size", "people"))
            raise ValueError(
                f"{plan.folder} holds another film ({held}); it differs in {', '.join(differing)}: name another folder."
            )
    made = sum(1 for i in range(plan.clips) if plan.clip(i).exists())
    needed = plan.bytes_needed * (plan.clips - made) // plan.clips
    free = shutil.disk_usage(plan.folder).free
    if needed > free:
        raise ValueError(
            f"The film needs {needed / 1e9:.1f} GB, {plan.folder} has {free / 1e9:.1f} GB; "
            "ask for fewer minutes or a smaller size."
        )


def _kind(plan: Plan) -> dict[str, object]:
    """What film.json must hold for the same film to go on."""
    return {
        "version": VERSION,
        "size": plan.size,
        "seed": plan.seed,
        "people": plan.people,
        "paired": grid_facts() if plan.paired else None,
        "sensor": plan.sensor,
    }


def _note(plan: Plan) -> Path:
    """Write film.json for the clips that exist."""
    path = plan.folder / "film.json"
    facts = _kind(plan) | {
        "fps": CLOCK.frame_rate,
        "expression_names": EXPRESSIONS,
        "part_names": PARTS,
        "clips": [p.name for p in sorted((plan.folder / "clips").iterdir()) if not p.name.startswith(".")],
    }
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(facts))
    partial.replace(path)
    return path


def _work(plan: Plan, indices: list[int], done: Queue[int | str]) -> None:
    """Film some clips in a process of its own; a mistake of the caller goes back as its sentence."""
    os.environ.setdefault("LP_NUM_THREADS", "0")  # one core each, where Mesa draws in software
    try:
        files, speech = avatar_files(plan.avatars), open_source(plan.recordings)
        with Stage(size=plan.size) as stage:
            for index in indices:
                made = plan.script(index, files, speech)
                filmed, tracks = shoot(stage, embody(made.who, cache=plan.cache), made)
                write_clip(plan.clip(index), made, filmed, tracks)
                done.put(len(filmed.frames))
    except (ValueError, OSError) as error:
        done.put(str(error))
