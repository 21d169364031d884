"""One step of the published training, with all losses and the critic: time, memory, and how long the whole would take.

    python -m benchmarks.paper_step [KEY=VALUE ...] [--experiment paper512] [--batch 2] [--steps 1] [--device cpu]

It is `vasa train renderer` on noise, which costs the same. KEY=VALUE are its settings, such as
'recompute=[canonical,projection,decoder]', which takes less memory and more time. The perceptual networks have random
weights. Of several steps the first warms up and is not timed. The share of peak is of what a large product of matrices
in bfloat16 reaches on the same device, or of --peak-tflops.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from lightning.pytorch import Callback
from omegaconf import DictConfig
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

from vasa import device
from vasa.config import TRAINING, compose, instantiate
from vasa.render.meaning import Meaning
from vasa.render.speed import channels_last
from vasa.training import MovingAverage, economise

LABELS = 59  # numbers of expression in a film
VGGS = {"imagenet": "vgg19", "face": "vgg16"}  # of conf/loss/paper.yaml


class Noise(Dataset[dict[str, Tensor]]):
    """Samples as `vasa.data.film.FilmPairs` has them."""

    def __init__(self, *, count: int, size: int, drivers: int) -> None:
        self.count, self.size, self.frames = count, size, 1 + drivers

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        random = torch.Generator().manual_seed(number)
        cells = self.size // 4
        place = torch.randint(256, (self.frames, 5, cells, cells), generator=random, dtype=torch.uint8)
        place[:, 4] = 2
        return {
            "frames": torch.randint(256, (self.frames, 3, self.size, self.size), generator=random, dtype=torch.uint8),
            "place": place,
            "pose": 0.1 * torch.randn(self.frames, 6, generator=random),
            "expression": torch.rand(self.frames, LABELS, generator=random),
        }


class Watch(Callback):
    """Seconds of every step, and what the first one computes."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.counter = FlopCounterMode(display=False)

    def on_train_batch_start(self, *_: Any) -> None:
        if not self.seconds:
            self.counter.__enter__()
        _wait()
        self.started = time.perf_counter()

    def on_train_batch_end(self, *_: Any) -> None:
        _wait()
        if not self.seconds:
            self.counter.__exit__(None, None, None)
        self.seconds.append(time.perf_counter() - self.started)


@dataclass(frozen=True)
class Measured:
    """Of one step: seconds, floating-point operations (a multiply-add is two); peak memory in bytes; samples a step."""

    seconds: float
    flop: int
    memory: int
    batch: int

    @property
    def samples_a_second(self) -> float:
        return self.batch / self.seconds


def main(words: Sequence[str] | None = None) -> None:
    """Step, and print what it took."""
    asked = _parser().parse_intermixed_args(words)
    where = device.choose(asked.device)
    settings = [f"experiment={asked.experiment}", "data.folder=NOISE", "output=NOWHERE", *asked.settings]
    published = compose("train_renderer", settings)
    with tempfile.TemporaryDirectory() as folder:
        config = compose("train_renderer", [*settings, f"data.batch_size={asked.batch}"])
        with_random_networks(config, Path(folder))
        measured, weights = step(config, where, asked.steps)
    peak = asked.peak_tflops * 1e12 if asked.peak_tflops else matmul_rate(where)
    tell(measured, weights, published, config, where, peak)


def step(config: DictConfig, where: torch.device, steps: int) -> tuple[Measured, int]:
    """Train as `vasa train renderer` does, for so many steps; and how many weights the renderer has."""
    renderer = channels_last(instantiate(config.renderer))
    economise(renderer, recompute=config.recompute, compiled=config.compiled, backend=config.compiler)
    renderer.meaning = Meaning(dynamics=renderer.space.dynamics, labels=LABELS)
    training = instantiate(config.training)(renderer)
    data, watch = config.data, Watch()
    noise = Noise(count=steps * data.batch_size, size=config.renderer.image_size, drivers=data.drivers)
    trainer = instantiate(config.trainer, also=TRAINING)(
        callbacks=[MovingAverage(decay=config.average), watch], logger=False, enable_checkpointing=False,
        enable_progress_bar=False, limit_val_batches=0, accelerator=where.type, max_steps=steps,
    )  # fmt: skip
    trainer.fit(training, DataLoader(noise, data.batch_size))
    timed = watch.seconds[1:] or watch.seconds
    measured = Measured(sum(timed) / len(timed), watch.counter.get_total_flops(), peak_memory(where), data.batch_size)
    return measured, sum(weight.numel() for weight in renderer.parameters())


def with_random_networks(config: DictConfig, folder: Path) -> None:
    """Name files of random weights for the perceptual networks that the configuration leaves to be found."""
    for term, name in VGGS.items():
        if term in config.loss.terms and "name" in config.loss.terms[term].features:
            config.loss.terms[term].features.weights = str(random_vgg(name, folder / f"{term}.safetensors"))


def random_vgg(name: str, file: Path) -> Path:
    """Weights of one of timm's VGGs without its head."""
    with torch.device("meta"):
        shapes = timm.create_model(name, num_classes=0).state_dict()
    kept = {key: torch.empty(value.shape) for key, value in shapes.items() if key.startswith("features.")}
    for value in kept.values():
        (nn.init.kaiming_normal_ if value.ndim > 1 else nn.init.zeros_)(value)
    save_file(kept, file)
    return file


def peak_memory(where: torch.device) -> int:
    """Bytes: of tensors on a GPU, of the whole process on a CPU."""
    if where.type == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def matmul_rate(where: torch.device) -> float:
    """Operations a second of products of large bfloat16 matrices."""
    side, rounds = (8192, 20) if where.type == "cuda" else (2048, 3)
    matrix = torch.randn(side, side, device=where, dtype=torch.bfloat16)
    best = float("inf")
    for _ in range(rounds):
        _wait()
        started = time.perf_counter()
        matrix @ matrix
        _wait()
        best = min(best, time.perf_counter() - started)
    return 2 * side**3 / best


def tell(
    measured: Measured, weights: int, published: DictConfig, config: DictConfig, where: torch.device, peak: float
) -> None:
    """Print it."""
    rate, size = measured.flop / measured.seconds, config.renderer.image_size
    name = torch.cuda.get_device_name(where) if where.type == "cuda" else f"{torch.get_num_threads()} CPU threads"
    days = published.steps * published.data.batch_size / measured.samples_a_second / 86400
    print(f"{weights / 1e6:.1f} M weights, {size} px, {measured.batch} sources x {config.data.drivers} drivers a step")
    print(f"{config.trainer.precision} on {name}, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}")
    print(f"a step: {measured.seconds:.3g} s, {measured.flop / 1e12:.3g} TFLOP")
    print(f"peak memory: {measured.memory / 1e9:.3g} GB")
    print(f"{rate / 1e12:.3g} TFLOP/s, {100 * rate / peak:.3g} % of a peak of {peak / 1e12:.3g}")
    print(f"{measured.samples_a_second:.3g} samples a second")
    print(f"{published.steps:,} steps of {published.data.batch_size}, as published: {days:.3g} days on one of these")


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    options.add_argument("--experiment", default="paper512", help="of conf/experiment (default: paper512)")
    options.add_argument("--batch", type=int, default=2, help="sources in a step (default: 2, the least)")
    options.add_argument("--steps", type=int, default=1)
    options.add_argument("--device", help="cpu or cuda (default: the best there is)")
    options.add_argument("--peak-tflops", type=float, help="of the device, by its maker")
    return options


if __name__ == "__main__":
    main()
