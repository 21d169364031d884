"""Our networks and rules give the numbers that the published ones gave, on the same made-up weights."""

from __future__ import annotations

import csv

import pytest
import torch
from torch import Tensor

from tests.render.liveportrait import numbers
from tests.render.liveportrait.conftest import filled
from tests.render.liveportrait.filling import published_shapes
from vasa.config import instantiate, leaf
from vasa.render.liveportrait import LivePortraitRenderer
from vasa.render.liveportrait.transfer import Relative
from vasa.types import Motion, Portrait

SMALL_PART, CHAIN = 1e-4, 1e-3  # rms of the difference over the rms of the tensor


def off(got: Tensor, wanted: dict[str, Tensor], name: str) -> float:
    """Rms of the difference over the rms, on the strided part that was stored and on the sums over everything."""
    stored = wanted[name].double()
    strides = [-(-whole // part) for whole, part in zip(got.shape, stored.shape, strict=True)]
    part = got[tuple(slice(None, None, stride) for stride in strides)].double()
    apart = ((part - stored).square().mean() / stored.square().mean()).sqrt().item()
    if f"{name}.sum" not in wanted:
        return apart
    whole, squares = got.double(), wanted[f"{name}.sumsq"].item()
    sums = abs(whole.sum().item() - wanted[f"{name}.sum"].item()) / (whole.numel() * squares) ** 0.5
    return max(apart, sums, abs(whole.square().sum().item() / squares - 1))


def check(found: dict[str, Tensor], wanted: dict[str, Tensor], tolerance: float) -> None:
    apart = {name: off(value, wanted, name) for name, value in found.items() if name in wanted}
    assert apart
    print({name: f"{value:.1e}" for name, value in apart.items()})
    assert {name: value for name, value in apart.items() if value > tolerance} == {}


@pytest.fixture(scope="module")
def published(fixtures) -> LivePortraitRenderer:
    return filled(leaf("renderer", "liveportrait"))


def test_every_published_key_is_used_and_no_other(fixtures) -> None:
    with torch.device("meta"):
        own = instantiate(leaf("renderer", "liveportrait")).state_dict()
    with (fixtures / "liveportrait_keys.csv").open() as file:
        rows = {f"{row['module']}/{row['key']}": row["shape"] for row in csv.DictReader(file)}
    assert len(rows) == 626
    assert {n: "x".join(map(str, shape)) or "scalar" for n, shape in published_shapes(own).items()} == rows


def test_rules_of_transfer(wanted) -> None:
    check(numbers.of_transfer(), wanted, 1e-6)


@pytest.mark.parametrize("region", ["all", "pose", "exp", "lip", "eyes"])
def test_a_single_picture_drives(wanted, region) -> None:
    """Its own pose as the first frame's, and a neutral expression, in place of a first frame."""
    motions, canonical = numbers.three_motions()
    source, driving = (Motion(motions.pose[i : i + 1], motions.dynamics[i : i + 1]) for i in (0, 1))
    portrait = Portrait(torch.zeros(1), canonical[:1], source, torch.zeros(1))
    neutral = wanted["asset.lip_array"].view(1, 1, 63) * (region != "eyes")
    moved = Relative.of(region)(driving, Motion(driving.pose, neutral), portrait)
    name = f"motion.relative_single_image.{region}"
    check({name: numbers.seen_keypoints(portrait.identity, moved)}, wanted, 1e-6)


@pytest.mark.slow
@torch.no_grad()
def test_appearance_and_motion(published, wanted) -> None:
    check(numbers.of_appearance(published, numbers.picture("source")), wanted, SMALL_PART)
    faces = torch.cat([numbers.picture(name) for name in ("source", "driving", "driving_first")])
    check(numbers.of_motion(published, faces), wanted, SMALL_PART)
    check(numbers.of_perceptrons(published.retargeting), wanted, SMALL_PART)


@pytest.mark.slow
@torch.no_grad()
def test_warp(published, wanted) -> None:
    check(numbers.of_warp(published, numbers.given("volume", 1, 32, 16, 64, 64)), wanted, SMALL_PART)


@pytest.mark.slow
@torch.no_grad()
def test_decoder(published, wanted) -> None:
    check(numbers.of_decoder(published, numbers.given("decoder_feature", 1, 256, 64, 64)), wanted, SMALL_PART)


@pytest.mark.slow
@torch.no_grad()
def test_the_whole_chain(published, wanted) -> None:
    faces = torch.cat([numbers.picture(name) for name in ("source", "driving", "driving_first")])
    check(numbers.of_chain(published, faces), wanted, CHAIN)


@pytest.mark.slow
@torch.no_grad()
def test_a_picture_that_drives_itself(published, wanted) -> None:
    check(numbers.of_chain_still(published, numbers.picture("source")), wanted, CHAIN)
