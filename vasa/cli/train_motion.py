"""vasa train motion: teach a motion generator from extracted latents."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf
from torch.utils.data import DataLoader

from vasa import checkpoint
from vasa.config import compose, instantiate
from vasa.data.latents import Latents, Windows, WindowStream, head
from vasa.motion.loss import usual_speed
from vasa.motion.probe import LinearProbe
from vasa.motion.track import Track
from vasa.motion.training import calibrate
from vasa.training import Export, MovingAverage, resumable


def run(overrides: list[str]) -> None:
    """Train as `conf/train_motion.yaml` and the overrides say; goes on from output/training/last.ckpt if there is one.

    Raises ValueError where a key without a default is missing or the latents cannot be read.
    """
    config = compose("train_motion", overrides)
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise ValueError(
            f"Training motion needs {', '.join(missing)}: vasa train motion data.folder=LATENTS output=OUT"
        )
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    latents, folder = Latents.load(config.data.folder), Path(config.output)
    model = fitted(config.motion, latents)
    generator = instantiate(model)
    windows = Windows(latents.split("train"), window=generator.window, carry=generator.carry)
    calibrate(generator, windows.frames)
    probe = LinearProbe.fit(windows.frames.motion, windows.frames.lip_opening)
    training = instantiate(config.training)(generator, probe, usual_speed(latents.split("train")))
    trainer = _trainer(config, folder, model)
    held_out = head(latents.split("test"), frames=config.data.drawn_frames, count=config.data.drawn_clips)
    last = folder / "training" / "last.ckpt"
    trainer.fit(
        training, stream(config, windows, trainer), DataLoader([held_out], batch_size=None),  # type: ignore[arg-type]
        ckpt_path=last if last.is_file() else None,
    )  # fmt: skip
    checkpoint.save(folder, training.generator, model)


def fitted(motion: DictConfig, latents: Latents) -> DictConfig:
    """The generator's configuration with the space and the sizes of these latents."""
    space = {"_target_": "vasa.space.MotionSpace"} | asdict(latents.space)
    sizes = {"motion_dim": latents.space.size, "audio_dim": latents.audio_dim}
    plain = {key: value for key, value in motion.items() if key != "space"}
    tree = OmegaConf.merge(plain, {"net": sizes, "space": space})
    assert isinstance(tree, DictConfig)
    return tree


def stream(config: DictConfig, windows: Windows, trainer: Trainer) -> DataLoader[Track]:
    """Training batches; a resumed run begins with the batch where it stopped."""
    batches = WindowStream(windows, batch_size=config.batch_size, seed=config.seed, first=lambda: trainer.global_step)
    return DataLoader(batches, batch_size=None)


def _trainer(config: DictConfig, folder: Path, model: DictConfig) -> Trainer:
    return instantiate(config.trainer)(
        # Export comes first: the average swaps its weights out again when validation ends.
        callbacks=[
            Export(folder, "generator", model),
            MovingAverage(decay=config.average),
            LearningRateMonitor("step"),
            resumable(folder / "training", minutes=config.save_minutes),
        ],
        logger=TensorBoardLogger(folder / "training", name="", version=""),
    )
