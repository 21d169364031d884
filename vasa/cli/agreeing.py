"""What `vasa train capp` and `vasa train sync` share: a judge of agreement, taught from a film's tracks and voices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch.utils.data import DataLoader, TensorDataset

from vasa import checkpoint
from vasa.cli.training import resumed, settings, trainer
from vasa.cli.writing import write_report
from vasa.config import instantiate
from vasa.data.agreeing import Follow, Talk, TalkWindows, talks_of
from vasa.evaluate.acceptance_picture import draw_acceptance
from vasa.evaluate.agreement import Agreement
from vasa.evaluate.shifts import scaled_scores, shifted_scores


def teach(stage: str, follow: Follow, overrides: list[str]) -> None:
    """Train as `conf/train_STAGE.yaml` and the overrides say; goes on from output/training/last.ckpt.

    Raises ValueError where a key without a default is missing or the film cannot be read.
    """
    config = settings(stage, overrides, example="data.folder=FILM output=OUT")
    network = instantiate(config.judge)
    train, test = (talks_of(config.data.folder, split, follow, frames=network.frames) for split in ("train", "test"))
    network.face.calibrate([talk.track for talk in train])
    heard = [network.ears(talk.samples[None, : len(talk.track) * network.clock.samples_per_frame])[0] for talk in train]
    network.sound.calibrate(heard)
    training = instantiate(config.training)(network, test[: config.data.held_out])
    run_of = trainer(config, part="network", model=config.judge)
    drawn = config.data.clips, config.data.each, config.data.apart
    windows = TalkWindows(
        train, frames=network.frames, clips=drawn[0], each=drawn[1], apart=drawn[2], seed=config.seed,
        first=lambda: run_of.global_step,
    )  # fmt: skip
    once = DataLoader(TensorDataset(torch.zeros(1)))  # the module holds what it is scored on
    run_of.fit(training, DataLoader(windows, batch_size=None), once, ckpt_path=resumed(config))
    checkpoint.save(config.output, training.network, config.judge)
    accept(stage, Path(config.output), training.network.eval().cpu(), training.held_out)


def accept(stage: str, folder: Path, network: Agreement, held_out: Sequence[Talk]) -> None:
    """Write acceptance.json and acceptance.png, and print the scores."""
    found = {"shift": shifted_scores(network, held_out), "scale": scaled_scores(network, held_out)}
    write_report(folder / "acceptance.json", {"clips": len(held_out)} | found)
    draw_acceptance(found, f"{stage} on {len(held_out)} held-out clips").savefig(folder / "acceptance.png", dpi=110)
    for kind, scores in found.items():
        print(f"{kind}: {', '.join(f'{name} {score:.3f}' for name, score in scores.items())}")
