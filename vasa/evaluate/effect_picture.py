"""The matrix of effects as a picture."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from vasa.evaluate.effects import SURE, Effects
from vasa.evaluate.quantities import QUANTITIES

MOST = 4.0  # spreads, where colours end
PALE = 0.25  # opacity of what may be chance


def draw_effects(found: Effects, title: str) -> Figure:
    """Rows are what was asked for, columns what was read: spreads moved, pale where chance may have moved it.

    A frame is about what a row should move, and nothing else should be strong.
    """
    size, sure = found.size, found.size.abs() > SURE * found.error
    figure = Figure(figsize=(12, 2 + 0.42 * len(found.rows)), layout="constrained")
    axes = figure.subplots()
    opaque = torch.where(sure, 1.0, PALE).tolist()
    image = axes.imshow(size.tolist(), cmap="RdBu_r", vmin=-MOST, vmax=MOST, aspect="auto", alpha=opaque)
    for row, column in ((r, c) for r in range(len(found.rows)) for c in range(len(QUANTITIES))):
        value, certain = float(size[row, column]), bool(sure[row, column])
        colour = "grey" if not certain else "white" if abs(value) > 0.6 * MOST else "black"
        axes.text(column, row, f"{round(value, 1) + 0.0:.1f}", ha="center", va="center", color=colour, fontsize=8)
    for row, column in enumerate(found.own):
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="black", linewidth=2))
    axes.set_xticks(range(len(QUANTITIES)), QUANTITIES, rotation=40, ha="right")
    axes.set_yticks(range(len(found.rows)), found.rows)
    axes.set_xlabel("what is read off the frames")
    axes.set_ylabel("what is asked for, from low to high")
    axes.set_title(title)
    figure.colorbar(image, ax=axes, label="change in spreads over people of whom nothing is asked", shrink=0.8)
    return figure
