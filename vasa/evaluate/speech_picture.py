"""Lips over the sound that they follow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from vasa.clock import CLOCK
from vasa.evaluate.lips import CLOSED
from vasa.people.phones import PHONES, SIL
from vasa.people.voices import Utterance

SHUT = tuple(PHONES[index] for index in CLOSED)


def draw_speech(said: Sequence[tuple[Utterance, Tensor]], title: str) -> Figure:
    """Sentences and the openings [T] of the lips that say them, a row each: openings over the waveform, with the phones
    where they sound, and bands where P, B and M should shut the lips."""
    figure = Figure(figsize=(14, 0.6 + 2.4 * len(said)), layout="constrained")
    rows = figure.subplots(len(said), 1, squeeze=False)[:, 0]
    for axes, (utterance, opening) in zip(rows, said, strict=True):
        loud = np.abs(utterance.samples).max().clip(1e-6)
        seconds = np.arange(len(utterance.samples)) / CLOCK.sample_rate
        axes.plot(seconds, utterance.samples / loud, color="lightgrey", linewidth=0.5)
        for phone in utterance.phones:
            if phone.symbol in SHUT:
                axes.axvspan(phone.start_s, phone.end_s, color="tab:blue", alpha=0.25, linewidth=0)
            if phone.symbol != SIL:
                axes.text((phone.start_s + phone.end_s) / 2, -0.95, phone.symbol, ha="center", fontsize=7)
        lips = axes.twinx()
        lips.plot((np.arange(len(opening)) + 0.5) / CLOCK.frame_rate, opening.tolist(), color="tab:red", linewidth=1.5)
        lips.set_ylabel("lips open")
        axes.set_yticks([])
        axes.set_title(utterance.text, fontsize=9)
        axes.set_xlim(0, len(utterance.samples) / CLOCK.sample_rate)
    rows[-1].set_xlabel(f"seconds; blue: P, B, M. {title}")
    return figure
