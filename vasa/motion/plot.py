"""Pictures of motion: what was drawn beside what was true."""

from __future__ import annotations

from matplotlib.figure import Figure
from torch import Tensor

from vasa.geometry import POSE


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
