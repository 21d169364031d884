"""Whether a judge of agreement can be believed, as a picture: the two curves of VASA-1's appendix."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from vasa.evaluate.shifts import PAPER, SHIFTS

LABELS = {"shift": "sound shifted, frames", "scale": "motion times"}


def draw_acceptance(found: Mapping[str, Mapping[str, float]], title: str) -> Figure:
    """Scores by `shift` and `scale`, those of `vasa.evaluate.shifts`, beside the paper's CAPP: a judge that hears when
    something is said peaks without a shift, says nothing 3 frames off, and falls a little where motion is scaled."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for axes, (kind, label) in zip(figure.subplots(1, 2, sharey=True), LABELS.items(), strict=True):
        for name, scores in (("measured", found[kind]), ("VASA-1's CAPP, real people", PAPER[kind])):
            known = [key for key in PAPER[kind] if key in scores]
            axes.plot(known, [scores[key] for key in known], "o-" if name == "measured" else "s--", label=name)
        axes.axhline(found["shift"]["stranger"], color="grey", linewidth=1, label="another clip's sound")
        axes.set_xlabel(label)
    figure.axes[0].set_ylabel("mean cosine")
    figure.axes[0].legend(fontsize="small")
    figure.axes[0].set_xticks(range(len(SHIFTS)))
    figure.suptitle(title, fontsize="medium")
    return figure
