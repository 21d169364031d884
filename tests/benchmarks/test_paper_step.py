"""A step of training on noise, with what it took."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from benchmarks.paper_step import main, random_vgg
from vasa.config import compose, instantiate


def test_a_step_is_made_timed_and_multiplied(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["renderer=tiny", "data.drivers=1", "data.readings=0", "steps=100", "data.batch_size=8"]
    main([*settings, "--experiment", "adversarial", "--steps", "2", "--device", "cpu", "--peak-tflops", "1"])
    said = capsys.readouterr().out
    seconds, flop = map(float, re.search(r"a step: (\S+) s, (\S+) TFLOP\n", said).groups())
    rate, days = (float(re.search(rf"(\S+) {unit}", said).group(1)) for unit in ("samples a second", "days on one"))
    assert "100 steps of 8, as published" in said
    assert rate == pytest.approx(2 / seconds, rel=0.02)
    assert days == pytest.approx(800 / rate / 86400, rel=0.02)
    assert flop > 1e-4
    assert float(re.search(r"(\S+) % of a peak of 1\n", said).group(1)) == pytest.approx(100 * flop / seconds, rel=0.02)


def test_random_networks_fit_the_published_losses(tmp_path: Path) -> None:
    settings = ["experiment=paper512", "data.folder=F", "output=O", f"loss.terms.face.features.weights={tmp_path}"]
    features = compose("train_renderer", settings).loss.terms.face.features
    features.weights = str(random_vgg("vgg16", tmp_path / "vgg.safetensors"))
    assert len(load_file(features.weights)) == 26
    maps = instantiate(features)(torch.rand(1, 3, 32, 32))
    assert [x.shape[1] for x in maps] == [64, 128, 256, 512, 512]

