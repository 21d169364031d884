"""LivePortrait's networks, small, with made-up weights: known numbers, axes, and the renderer's promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.render.liveportrait.conftest import small_config
from tests.render.liveportrait.filling import fill, published_shapes
from tests.render.liveportrait.known import PLACE, compute
from vasa import checkpoint
from vasa.render import Renderer
from vasa.render.liveportrait import LivePortraitRenderer
from vasa.render.liveportrait.keypoints import expression_for, keypoints
from vasa.render.liveportrait.keys import converted, folded
from vasa.render.liveportrait.retargeting import OPEN_LIPS
from vasa.space import MotionSpace
from vasa.testing import check_renderer


def test_numbers_stay_as_they_were(small: LivePortraitRenderer) -> None:
    known, now = np.load(PLACE), compute(small)
    assert set(known) == set(now)
    apart = {n: np.sqrt(np.mean((now[n] - known[n]) ** 2) / np.mean(known[n] ** 2)) for n in now}
    assert {name: value for name, value in apart.items() if not value < 1e-4} == {}


def test_it_conforms(small: LivePortraitRenderer) -> None:
    assert isinstance(small, Renderer)
    check_renderer(small)
    assert small.space == MotionSpace.plain(63, name="liveportrait")


@pytest.mark.parametrize(
    ("name", "axis", "sign"), [("yaw", 0, 1), ("pitch", 1, -1)], ids=["yaw to picture right", "pitch up"]
)
def test_angles_are_those_of_vasa(name: str, axis: int, sign: int) -> None:
    nose = torch.tensor([[[0.0, 0.0, -1.0]]]).expand(1, 21, 3)  # towards the camera: z runs into the picture
    pose = torch.tensor([[0.3 * (name == "yaw"), 0.3 * (name == "pitch"), 0, 0, 0, 0]])
    assert sign * keypoints(nose, pose, torch.zeros(1, 63))[0, 0, axis] > 0.29  # y runs down


def test_roll_place_and_size() -> None:
    top = torch.tensor([[[0.0, -1.0, 0.0]]]).expand(1, 21, 3)
    pose = torch.tensor([[0, 0, math.pi / 2, 0.1, 0.2, math.log(2)]])
    seen = keypoints(top, pose, torch.full((1, 63), 0.05))  # a quarter turn counter-clockwise: up becomes left
    torch.testing.assert_close(seen[0, 0], torch.tensor([-2.0 + 0.1 + 0.1, 0.2 + 0.1, 0.1]))


def test_expression_undoes_keypoints() -> None:
    canonical, pose, expression = torch.randn(4, 21, 3), 0.5 * torch.randn(4, 6), torch.randn(4, 63)
    found = expression_for(keypoints(canonical, pose, expression), canonical, pose)
    torch.testing.assert_close(found, expression, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_every_number_of_motion_moves_the_picture(small: LivePortraitRenderer) -> None:
    portrait = small.encode(torch.rand(1, 3, 64, 64))
    motion = portrait.motion
    still = small.render(portrait, motion)
    for number in (*range(6), 6, 37, 68):
        latents = motion.frames() + 0.1 * torch.eye(69)[number]
        moved = small.render(portrait, type(motion)(latents[None, :, :6], latents[None, :, 6:]))
        assert (moved - still).abs().max() > 1e-5, number


@torch.no_grad()
def test_motion_is_told_in_full_precision_whatever_the_trunk_computes_in(small: LivePortraitRenderer) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        raw = small.motion.read(torch.rand(1, 3, 32, 32))
    assert {value.dtype for value in raw.values()} == {torch.float32}
    assert not torch.equal(raw["exp"], raw["exp"].bfloat16().float())


@torch.no_grad()
def test_stitching_is_an_option_that_counts(small: LivePortraitRenderer) -> None:
    portrait = small.encode(torch.rand(1, 3, 64, 64))
    source, stitched = small.moved(portrait, portrait.motion)
    small.stitch = False
    _, plain = small.moved(portrait, portrait.motion)
    small.stitch = True
    assert torch.equal(plain, source)
    assert not torch.allclose(stitched, plain)


@torch.no_grad()
def test_lips_that_are_closed_stay(small: LivePortraitRenderer) -> None:
    points = torch.randn(2, 21, 3)
    offset = small.retargeting.closed_lips(points, torch.tensor([[OPEN_LIPS - 1e-3], [OPEN_LIPS]]))
    assert not offset[0].any()
    assert offset[1].any()


def test_spectral_norm_folds_to_the_weight_that_torch_uses() -> None:
    layer = torch.nn.utils.spectral_norm(torch.nn.Conv2d(3, 5, 3)).eval()
    layer(torch.rand(1, 3, 8, 8))
    torch.testing.assert_close(folded(layer.weight_orig, layer.weight_u, layer.weight_v), layer.weight)


def test_missing_and_foreign_weights_are_named(small: LivePortraitRenderer) -> None:
    own = small.state_dict()
    published = fill(published_shapes(own))
    del published["warping_module/fourth.bias"]
    with pytest.raises(ValueError, match=r"1 missing \['warping_module/fourth.bias'\], 0 unexpected"):
        converted(published, own, "here")
    with pytest.raises(ValueError, match=r"1 unexpected \['else'\]"):
        converted(published | {"warping_module/fourth.bias": torch.zeros(12), "else": torch.zeros(1)}, own, "here")


def test_sizes_that_do_not_fit_are_refused(small: LivePortraitRenderer) -> None:
    with pytest.raises(ValueError, match="takes pictures of 3 x 64 x 64; got 3 x 32 x 64"):
        small.encode(torch.rand(1, 3, 32, 64))
    parts = {name: getattr(small, name) for name in ("appearance", "motion", "warp", "decoder", "retargeting")}
    with pytest.raises(ValueError, match="63 dynamics; got 32"):
        LivePortraitRenderer(image_size=64, space=MotionSpace.plain(32), **parts)


def test_a_checkpoint_restores_it(small: LivePortraitRenderer, tmp_path) -> None:
    checkpoint.save(tmp_path / "r", small, small_config())
    again, face = checkpoint.load(tmp_path / "r"), torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(again.encode(face).volume, small.encode(face).volume)
