"""vasa train motion: teach a motion generator from extracted latents."""

from __future__ import annotations

from dataclasses import asdict

from lightning.pytorch import Trainer
from omegaconf import DictConfig, OmegaConf
from torch.utils.data import DataLoader

from vasa import checkpoint
from vasa.cli.training import check_keep, lean, resumed, settings, trainer
from vasa.config import instantiate
from vasa.data.latents import Latents, Windows, WindowStream, head
from vasa.motion.loss import usual_speed
from vasa.motion.probe import LinearProbe
from vasa.motion.track import Track
from vasa.motion.training import calibrate


def run(overrides: list[str]) -> None:
    """Train as `conf/train_motion.yaml` and the overrides say; goes on from output/training/last.ckpt if there is one.

    Raises ValueError where a key without a default is missing or the latents cannot be read.
    """
    config = settings("motion", overrides, example="data.folder=LATENTS output=OUT")
    check_keep(config)
    latents = Latents.load(config.data.folder, main_gaze=config.data.main_gaze)
    model = fitted(checkpoint.config_of(config.init) if config.init else config.motion, latents)
    generator = instantiate(model)
    if config.init:
        begun = checkpoint.load(config.init)
        checkpoint.fill(generator, begun.state_dict(), config.init)
    windows = Windows(latents.split("train"), window=generator.window, carry=generator.carry)
    calibrate(generator, windows.frames)
    probe = LinearProbe.fit(windows.frames.motion, windows.frames.lip_opening)
    training = instantiate(config.training)(generator, probe, usual_speed(latents.split("train")))
    run_of = trainer(config, part="generator", model=model)
    held_out = head(latents.split("test"), frames=config.data.drawn_frames, count=config.data.drawn_clips)
    drawn: DataLoader[Track] = DataLoader([held_out], batch_size=None)  # type: ignore[arg-type]
    run_of.fit(training, stream(config, windows, run_of), drawn, ckpt_path=resumed(config))
    if config.keep:
        lean(training.generator, begun, config.keep)
    if run_of.is_global_zero:
        checkpoint.save(config.output, training.generator, model)


def fitted(motion: DictConfig, latents: Latents) -> DictConfig:
    """The generator's configuration with the space and the sizes of these latents."""
    space = {"_target_": "vasa.space.MotionSpace"} | asdict(latents.space)
    sizes = {"motion_dim": latents.space.size, "audio_dim": latents.audio_dim}
    plain = {key: value for key, value in motion.items() if key != "space"}
    tree = OmegaConf.merge(plain, {"net": sizes, "space": space})
    assert isinstance(tree, DictConfig)
    return tree


def stream(config: DictConfig, windows: Windows, run_of: Trainer) -> DataLoader[Track]:
    """Training batches; a resumed run begins with the batch where it stopped."""
    batches = WindowStream(
        windows, batch_size=config.batch_size, seed=config.seed,
        first=lambda: run_of.global_step * run_of.accumulate_grad_batches,
        share=lambda: (run_of.global_rank, run_of.world_size),
    )  # fmt: skip
    return DataLoader(batches, batch_size=None)
