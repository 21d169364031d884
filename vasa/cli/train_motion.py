"""vasa train motion: teach a motion generator from extracted latents."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import torch
from lightning.pytorch.callbacks import Callback, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf

from vasa import checkpoint
from vasa.config import compose, instantiate
from vasa.data.latents import Latents
from vasa.motion.generator import DiffusionMotion
from vasa.motion.probe import LinearProbe
from vasa.motion.training import Export, MotionData, MovingAverage, calibrate


def run(overrides: list[str]) -> None:
    """Train as `conf/train_motion.yaml` and the overrides say; goes on from output/training/last.ckpt if there is one.

    Raises ValueError where a key that has no default is missing or the latents cannot be read.
    """
    config = compose("train_motion", overrides)
    _require(config, "data.folder", "output")
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    latents = Latents.load(config.data.folder)
    model = fitted(config.motion, latents)
    generator = instantiate(model)
    data = _data(config, latents, generator)
    calibrate(generator, data.windows.frames)
    probe = LinearProbe.fit(data.windows.frames.motion, data.windows.frames.lip_opening)
    training = instantiate(config.training)(generator, probe)
    folder = Path(config.output)
    trainer = instantiate(config.trainer)(
        callbacks=_callbacks(config, folder, model),
        logger=TensorBoardLogger(folder / "training", name="", version=""),
    )  # fmt: skip
    last = folder / "training" / "last.ckpt"
    trainer.fit(training, datamodule=data, ckpt_path=last if last.is_file() else None)
    checkpoint.save(folder, training.generator, model)


def fitted(motion: DictConfig, latents: Latents) -> DictConfig:
    """The generator's configuration with the space and the sizes of these latents."""
    space = {"_target_": "vasa.space.MotionSpace"} | asdict(latents.space)
    sizes = {"motion_dim": latents.space.size, "audio_dim": latents.audio_dim}
    plain = {key: value for key, value in motion.items() if key != "space"}
    tree = OmegaConf.merge(plain, {"net": sizes, "space": space})
    assert isinstance(tree, DictConfig)
    return tree


def _data(config: DictConfig, latents: Latents, generator: DiffusionMotion) -> MotionData:
    return MotionData(
        latents, window=generator.window, carry=generator.carry, batch_size=config.batch_size, seed=config.seed,
        drawn_clips=config.data.drawn_clips, drawn_frames=config.data.drawn_frames,
    )  # fmt: skip


def _callbacks(config: DictConfig, folder: Path, model: DictConfig) -> list[Callback]:
    # The average comes first: it swaps its weights in before Export writes them, and is saved with last.ckpt.
    return [
        MovingAverage(decay=config.average),
        Export(folder, model),
        LearningRateMonitor("step"),
        ModelCheckpoint(
            folder / "training", filename="last", enable_version_counter=False,
            train_time_interval=timedelta(minutes=config.save_minutes),
        ),
    ]  # fmt: skip


def _require(config: DictConfig, *keys: str) -> None:
    missing = [key for key in keys if OmegaConf.is_missing(_parent(config, key), key.rpartition(".")[2])]
    if missing:
        raise ValueError(f"Training motion needs {' and '.join(missing)}, given as data.folder=LATENTS output=OUT.")


def _parent(config: DictConfig, key: str) -> DictConfig:
    above = key.rpartition(".")[0]
    return OmegaConf.select(config, above) if above else config
