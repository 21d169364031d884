"""Pictures of motion: what was drawn beside what was true."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from torch import Tensor

from vasa.geometry import POSE
from vasa.motion.handles import Handles
from vasa.space import MotionSpace
from vasa.types import Motion


def compare(truth: Tensor, drawn: Tensor, lips: tuple[Tensor, Tensor], *, frame_rate: int) -> Figure:
    """One clip, true and drawn: motion latents [T, M] (pose and two dynamics) and lip opening [T] over seconds."""
    figure = Figure(figsize=(10, 10), layout="constrained")
    rows = figure.subplots(len(POSE) + 3, 1, sharex=True)
    seconds = [frame / frame_rate for frame in range(len(truth))]
    names = [*POSE, "dynamics 0", "dynamics 1"]
    pairs = [*((truth[:, i], drawn[:, i]) for i in range(len(names))), lips]
    for axes, name, (true, made) in zip(rows, [*names, "lip opening"], pairs, strict=True):
        axes.plot(seconds, true.tolist(), label="true", color="black", linewidth=1)
        axes.plot(seconds, made.tolist(), label="drawn", color="tab:orange", linewidth=1)
        axes.set_ylabel(name, rotation=0, ha="right")
    rows[0].legend(loc="upper right", ncols=2)
    rows[-1].set_xlabel("seconds")
    return figure


def draw_track(motion: Motion, space: MotionSpace, handles: Handles | None = None, *, row: int = 0) -> Figure:
    """One face's motion over seconds: angles in degrees, place, readings of the handles if given, dynamics."""
    figure = Figure(figsize=(10, 8 if handles else 6), layout="constrained")
    axes = list(figure.subplots(4 if handles else 3, 1, sharex=True))
    pose, dynamics = motion.pose[row].cpu(), motion.dynamics[row].cpu()
    seconds = [frame / space.frame_rate for frame in range(motion.length)]
    panels: dict[str, tuple[Sequence[str], Tensor]] = {
        "degrees": (POSE[:3], pose[:, :3].rad2deg()),
        "place": (POSE[3:], pose[:, 3:]),
    }
    if handles is not None:
        panels["readings"] = (handles.names, dynamics @ handles.weight.cpu() + handles.bias.cpu())
    for axis, (title, (names, values)) in zip(axes, panels.items(), strict=False):
        for name, value in zip(names, values.T, strict=True):
            axis.plot(seconds, value.tolist(), label=name, linewidth=1)
        axis.set_ylabel(title)
        axis.legend(loc="upper right", ncols=3, fontsize="small")
    shown = space.pack(motion)[row, :, len(POSE) :].cpu()
    extent = (0, len(seconds) / space.frame_rate, shown.shape[1], 0)
    axes[-1].imshow(shown.T.tolist(), aspect="auto", cmap="RdBu", vmin=-3, vmax=3, extent=extent)
    axes[-1].set_ylabel("dynamics")
    axes[-1].set_xlabel("seconds")
    return figure
