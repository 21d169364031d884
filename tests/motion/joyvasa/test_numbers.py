"""The published sizes with stand-in weights: every part makes the numbers that the published code makes.

numbers.npz holds a few of vasa's own, taken when all of them agreed with the published code's; those are compared too
where they are at hand.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from tests.motion.joyvasa.filling import filled, normal, template
from vasa.audio.hubert import HubertEncoder
from vasa.config import instantiate, leaf
from vasa.motion.conditions import CONTROLS, Conditions, Given
from vasa.motion.joyvasa import JoyVASAMotion, keys
from vasa.motion.joyvasa.tables import TABLES
from vasa.motion.joyvasa.template import statistics
from vasa.motion.window import denoiser

OWN = Path(__file__).parent / "numbers.npz"
PUBLISHED = {
    "step": "denoiser.step_embedding", "denoised": "denoiser.output", "begun": "denoiser.first_window_output",
    "guided50": "sampler.step50.guided_prediction", "guided1": "sampler.step1.guided_prediction",
    "signal": "schedule.alpha_bars", "window0": "sampling.window0", "window1": "sampling.window1",
    "decoded": "decode.motion_70", "settled": "decode.smoothed_pose", "features": "audio.features",
}  # fmt: skip
Parts = tuple[JoyVASAMotion, HubertEncoder]


def build() -> Parts:
    motion = instantiate(leaf("motion", "joyvasa")).eval()
    with torch.device("meta"):
        audio = instantiate(leaf("audio", "hubert")).eval()
    weights = filled(keys.shapes(motion.net, audio))
    motion.net.load_state_dict(keys.network_weights(weights, motion.net))
    motion.template.load_state_dict(statistics(template(), "template"))
    audio.load_state_dict(keys.encoder_weights(weights), assign=True)
    return motion, audio


@pytest.fixture(scope="module", name="parts")
def _parts() -> Parts:
    return build()


@pytest.fixture(scope="module", name="made")
def _made(parts: Parts) -> dict[str, Tensor]:
    return results(*parts)


@torch.no_grad()
def results(motion: JoyVASAMotion, audio: HubertEncoder) -> dict[str, Tensor]:
    """Everything there is to compare."""
    heard = {"features": audio(0.1 * normal("input/waveform", 1, 64_000))}
    return heard | denoised(motion) | sampled(motion)


def denoised(motion: JoyVASAMotion) -> dict[str, Tensor]:
    """One pass of the network, guided and not."""
    x_t, time = normal("input/motion", 2, 100, 73), torch.tensor([1.0, 7 / 50])
    told, begun = conditions(2, known=True), conditions(1, known=False)
    parts = {"schedule": motion.schedule, "objective": motion.objective, "guidance": motion.guidance}
    guided = denoiser(motion.net, conditions(1, known=True), **parts)
    return {
        "step": motion.net.step(time),
        "denoised": motion.net(x_t, time, told),
        "begun": motion.net(x_t[:1], time[:1], begun),
        "guided50": guided(x_t[:1], torch.tensor(1.0)),
        "guided1": guided(x_t[:1], torch.tensor(1 / 50)),
        "signal": motion.schedule.alpha(torch.linspace(0, 1, 51, dtype=torch.float64)) ** 2,
    }


def conditions(batch: int, *, known: bool) -> Conditions:
    def given(name: str, frames: int, size: int, *, known: bool = True) -> Given:
        value = normal(f"input/{name}", 2, frames, size)[:batch]
        return Given(value, torch.full(value.shape[:2], known))

    return Conditions(
        audio=given("audio_features", 100, 256),
        previous_audio=given("previous_audio_features", 10, 256, known=known),
        previous_motion=given("previous_motion", 10, 73, known=known),
        **{name: Given(torch.zeros(batch, 1, size), torch.zeros(batch, 1).bool()) for name, size in CONTROLS.items()},
    )


def sampled(motion: JoyVASAMotion) -> dict[str, Tensor]:
    """Two windows in a row, and the first one as motion."""
    features, state, made = normal("input/sampling/audio_features", 1, 200, 256), motion.start(1, seed=0), {}
    for index, window in enumerate(features.split(100, dim=1)):
        made[f"window{index}"] = motion.sample(motion.conditions(window, state), lambda draw, i=index: noise(i, draw))
        state = state.after(made[f"window{index}"], window)
    expression, pose = motion.template(made["window0"])
    steady = motion._settled(pose, motion.start(1, seed=0))
    return made | {"decoded": torch.cat([expression, pose], dim=-1), "settled": steady}


def noise(window: int, draw: int) -> Tensor:
    name = f"window{window}/noise_{51 - draw}" if draw else "start"
    return normal(f"input/sampling/{name}", 1, 100, 73)


def thinned(value: Tensor) -> Tensor:
    """At most 400 numbers of it."""
    flat = value.float().flatten()
    return flat[:: -(-len(flat) // 400)]


def close(found: Tensor, expected: Tensor, share: float) -> None:
    apart = (found - expected).abs().max() / expected.square().mean().sqrt()
    assert apart < share, f"{float(apart):.1e} of the usual size apart"


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_part_makes_the_numbers_it_made(made: dict[str, Tensor], name: str) -> None:
    close(thinned(made[name]), torch.from_numpy(np.load(OWN)[name]), 1e-4)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_part_makes_the_published_numbers(made: dict[str, Tensor], fixtures: Path, name: str) -> None:
    expected, found = load_file(fixtures / "joyvasa.safetensors")[PUBLISHED[name]], made[name]
    if name in ("denoised", "begun"):  # theirs has the carried frames in front, which nobody uses
        expected = expected[:, 10:]
    if name == "features":
        found = found[..., ::2]
    close(found, expected.view_as(found), 1e-5)


def test_every_published_key_is_accounted_for(parts: Parts, fixtures: Path) -> None:
    with (fixtures / "joyvasa_keys.csv").open() as file:
        published = {row["key"]: row["shape"] for row in csv.DictReader(file)}
    own = {key: "x".join(map(str, shape)) for key, shape in keys.shapes(parts[0].net, parts[1]).items()}
    assert {key: shape for key, shape in published.items() if key not in TABLES} == own
    assert set(published) == set(own) | set(TABLES)
