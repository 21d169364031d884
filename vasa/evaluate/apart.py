"""What a renderer keeps apart: one measurement of codes and pictures on a paired film of people it never saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vasa.data.clip import Clip
from vasa.data.paired import PairedFilm
from vasa.evaluate.codes import read_codes, separation
from vasa.evaluate.showing import Act, Reads, Showing, acts, averaged
from vasa.render import Renderer

SHEET_ACTS = ("grid swapped", "crossed")
Progress = Callable[[list[Act]], Iterable[Act]]


@dataclass(frozen=True)
class Apart:
    """Numbers of the codes (`vasa.evaluate.codes.separation`) and of all acts (`vasa.evaluate.showing.averaged`).

    sheet: [3, H, W], a row each of portrait, giver of pose, giver of dynamics, what is shown, what was filmed.
    """

    codes: dict[str, float]
    shown: dict[str, dict[str, float]]
    sheet: Tensor


def measure(
    renderer: Renderer, film: PairedFilm, reader: Reads, *, device: torch.device, progress: Progress = list
) -> Apart:
    """Read every frame, show everything, and score it; raises ValueError where film and renderer differ in size."""
    showing = Showing(renderer, film, reader, device=device)
    codes = read_codes(renderer, film, device)
    planned = list(acts(film, codes))
    scored = [(act.name, showing(act)) for act in progress(planned)]
    return Apart(separation(codes, film), averaged(scored), sheet(showing, planned))


def sheet(showing: Showing, planned: list[Act], *, people: int = 3) -> Tensor:
    """Two frames of the first of each kind of swap, of a few people: [3, H, W]."""
    chosen: dict[tuple[str, int], Act] = {}
    for act in planned:
        if act.name in SHEET_ACTS and act.person < people:
            chosen.setdefault((act.name, act.person), act)
    rows = [torch.cat(list(_row(showing, act, at)), dim=-1) for act in chosen.values() for at in _middle(act.truth)]
    return torch.cat(rows, dim=-2)


def _middle(clip: Clip) -> tuple[int, int]:
    return len(clip) // 3, 2 * len(clip) // 3


def _row(showing: Showing, act: Act, frame: int) -> Iterator[Tensor]:
    yield showing.faces[act.person]
    for clip, frames in (act.pose_of, act.dynamics_of):
        yield _frame(clip, int(frames[frame]))
    yield showing.pictures(act, slice(frame, frame + 1))[0]
    yield _frame(act.truth, frame)


def _frame(clip: Clip, number: int) -> Tensor:
    return clip.frames(slice(number, number + 1))[0].float() / 255
