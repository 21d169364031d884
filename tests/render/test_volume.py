from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch.nn.utils import parametrize

from vasa import checkpoint
from vasa.config import instantiate, leaf
from vasa.geometry import pose_matrix, transform
from vasa.render import Renderer, VolumeRenderer
from vasa.render.blocks import fold
from vasa.render.cost import cost
from vasa.render.decoder import Decoder
from vasa.render.motion_encoder import aligned
from vasa.render.volume import spread
from vasa.testing import check_renderer
from vasa.types import Motion


def test_tiny_conforms(renderer: VolumeRenderer) -> None:
    assert isinstance(renderer, Renderer)
    check_renderer(renderer)


def test_heads_lie_where_they_are_in_half_precision_too(renderer: VolumeRenderer) -> None:
    portrait = renderer.encode(torch.rand(1, 3, renderer.image_size, renderer.image_size))
    turns = torch.randn(4, renderer.space.size) * 0.2
    with torch.inference_mode():
        fields = [renderer.show(spread(portrait, 4), turns).field]
        with torch.autocast("cpu", torch.bfloat16):
            fields.append(renderer.show(spread(portrait, 4), turns).field)
            half = renderer.remember(portrait.picture, portrait.motion).route
    torch.testing.assert_close(*fields, rtol=0, atol=3e-4)  # bfloat16 is up to 4e-3 off near 1
    torch.testing.assert_close(half, portrait.route, rtol=0, atol=3e-4)


@pytest.mark.parametrize("name", ["tiny", "mini"])
def test_shapes(name: str) -> None:
    renderer: VolumeRenderer = instantiate(leaf("renderer", name)).eval()
    faces = torch.rand(2, 3, renderer.image_size, renderer.image_size)
    with torch.inference_mode():
        portrait, motion = renderer.encode(faces), renderer.motion_of(faces[:, None].expand(-1, 2, -1, -1, -1))
        frames = renderer.render(portrait, motion)
    assert frames.shape == (2, 2, *faces.shape[1:])
    assert 0 <= frames.min() <= frames.max() <= 1
    assert motion.dynamics.shape[-1] == renderer.space.dynamics


def test_appearance_sees_a_larger_picture_as_a_smaller_one() -> None:
    parts = [instantiate(leaf("renderer", "tiny").appearance, size=size).eval() for size in (None, 32)]
    parts[1].load_state_dict(parts[0].state_dict())
    large = torch.rand(1, 3, 64, 64)
    small = F.interpolate(large, size=(32, 32), mode="bilinear", antialias=True)
    with torch.inference_mode():
        torch.testing.assert_close(parts[1](large), parts[0](small))


def test_sharpening_begins_as_an_enlargement() -> None:
    torch.manual_seed(0)
    plain = Decoder(widths=[16, 8], ready=2, shuffle=2)
    fine = Decoder(widths=[16, 8], ready=2, shuffle=2, sharpen=8)
    assert all(name.startswith("fine.") for name in checkpoint.take(fine, plain.state_dict(), "plain"))
    features, ready = torch.rand(1, 16, 4, 4), [torch.rand(1, 3, 32, 32) for _ in range(2)]
    (picture, share), (_, coarse) = fine(features, ready), plain(features, [F.avg_pool2d(p, 2) for p in ready])
    enlarged = F.interpolate(coarse.logit(), scale_factor=2.0, mode="bilinear", align_corners=False)
    torch.testing.assert_close(share.logit(), enlarged, atol=1e-4, rtol=1e-4)
    picture.sum().backward()
    assert fine.fine is not None
    assert fine.fine.last.weight.grad.any()
    with pytest.raises(ValueError, match="set ready=2, or sharpen=0"):
        Decoder(widths=[16, 8], ready=0, sharpen=8)


def test_the_published_sizes() -> None:
    """MegaPortraits, Fig. 9, and what VASA-1 and others say of the whole."""
    with torch.device("meta"):
        renderer: VolumeRenderer = instantiate(leaf("renderer", "paper"))
        assert sum(p.numel() for p in renderer.parameters()) == pytest.approx(200e6, rel=0.1)  # VASA-1: ~200 M
        assert parametrize.is_parametrized(renderer.decoder.up[0].conv_in)  # standardised
        assert parametrize.is_parametrized(renderer.decoder.up[0].conv_out)  # spectral norm
        fold(renderer)
        portrait = renderer.encode(torch.rand(1, 3, 512, 512))
        assert portrait.volume.shape == (1, 96, 16, 64, 64)
        assert renderer.render(portrait, Motion(torch.rand(1, 1, 6), torch.rand(1, 1, 128))).shape[2:] == (3, 512, 512)
    assert tuple(renderer.appearance.first.weight.shape) == (64, 3, 7, 7)
    assert [block.conv_out.out_channels for block in renderer.appearance.down] == [128, 256, 512]
    assert renderer.appearance.lift.out_channels == 1536
    assert len(renderer.appearance.refine) == 6
    assert renderer.to_posed.lift.out_channels == 2048
    assert [block.conv_out.out_channels for block in renderer.to_posed.blocks] == [256, 128, 64, 32]
    assert [block.conv_out.out_channels for block in renderer.canonical.down] == [192, 384]
    assert renderer.canonical.middle.conv_out.out_channels == 512
    assert [block.conv_out.out_channels for block in renderer.projection.blocks] == [512] * 8
    assert [block.conv_out.out_channels for block in renderer.decoder.up] == [256, 128, 64]


def test_costs_are_the_published_ones() -> None:
    of_paper, of_fast, of_peer = (cost(leaf("renderer", name)) for name in ("paper", "fast", "liveportrait"))
    assert of_paper.frame["projection"] + of_paper.frame["decoder"] == pytest.approx(513e9, rel=0.03)  # G_2D
    assert of_peer.frame["all"] == pytest.approx(1234e9, rel=0.01)
    assert of_fast.frame["all"] < 40e9
    parts = sum(of_fast.frame[part] for part in ("to_posed", "projection", "decoder"))
    assert of_fast.frame["all"] == pytest.approx(parts, rel=1e-3)
    assert of_paper.face["decoder"] == 0
    assert of_fast.face["decoder"] == of_fast.frame["decoder"]  # shown once, to see what its head hides


def test_fast_convolves_nothing_large_for_a_frame() -> None:
    with torch.device("meta"), torch.no_grad():
        renderer: VolumeRenderer = instantiate(leaf("renderer", "fast"))
        portrait, sides = renderer.encode(torch.rand(1, 3, 512, 512)), []
        for part in (renderer.to_posed, renderer.projection, renderer.decoder):
            for layer in (m for m in part.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Conv3d)):
                assert max(layer.kernel_size) <= 3
                layer.register_forward_hook(lambda _, seen, made: sides.append(made.shape[-1]))
        assert renderer.render(portrait, Motion(torch.rand(1, 1, 6), torch.rand(1, 1, 128))).shape[-1] == 512
    assert max(sides) <= 128


@pytest.mark.slow
def test_the_published_size_shows_a_picture_in_half_precision() -> None:
    renderer: VolumeRenderer = fold(instantiate(leaf("renderer", "paper")).eval())
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        portrait = renderer.encode(torch.rand(1, 3, 512, 512))
        frames = renderer.render(portrait, portrait.motion)
    assert frames.shape == (1, 1, 3, 512, 512)
    assert 0 <= frames.min() <= frames.max() <= 1


def test_frames_do_not_depend_on_each_other(renderer: VolumeRenderer) -> None:
    portrait = renderer.encode(torch.rand(1, 3, 32, 32))
    motion = Motion(0.1 * torch.randn(1, 3, 6), torch.randn(1, 3, 8))
    whole = renderer.render(portrait, motion)
    torch.testing.assert_close(whole[:, 1:2], renderer.render(portrait, motion[1:2]), atol=1e-5, rtol=0)


def test_every_latent_moves_the_picture(renderer: VolumeRenderer) -> None:
    torch.nn.init.normal_(renderer.to_posed.offsets.weight, std=0.2)
    torch.nn.init.normal_(renderer.to_posed.blocks[0].norm_in.shape.weight, std=0.2)
    portrait = renderer.encode(torch.rand(1, 3, 32, 32))
    base = renderer.show(portrait, torch.zeros(1, 14)).picture
    for number in range(14):
        moved = renderer.show(portrait, torch.eye(14)[number : number + 1]).picture
        assert (moved - base).abs().max() > 1e-5, number


@pytest.mark.parametrize("centre", [(0.0, 0.0), (0.1, -0.2)])
def test_alignment_undoes_roll_shift_and_scale(centre: tuple[float, float]) -> None:
    pose = torch.tensor([[0.0, 0.0, 0.4, 0.1, -0.05, 0.2]])
    axis = (torch.arange(64) + 0.5) / 32 - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    canonical = torch.stack([x, y, torch.zeros_like(x)], dim=-1)[None] * 0.4 + torch.tensor([*centre, 0.0])
    where = transform(pose_matrix(pose), canonical)  # where each canonical place is seen
    picture = torch.stack([x, y, y])[None]  # each pixel shows its own coordinates
    found = aligned(picture, pose, size=64, reach=0.4, centre=centre)
    torch.testing.assert_close(found[0, 0], where[0, ..., 0], atol=0.02, rtol=0)
    torch.testing.assert_close(found[0, 1], where[0, ..., 1], atol=0.02, rtol=0)


PICTURES = {
    "another size": (torch.rand(1, 3, 16, 32), "takes pictures of 3 x 32 x 32; got 3 x 16 x 32"),
    "bytes": (torch.full((1, 3, 32, 32), 200, dtype=torch.uint8), r"got torch.uint8: .* divide bytes by 255"),
    "bytes as floats": (torch.full((1, 3, 32, 32), 200.0), r"in \[0, 1\]; got 200 to 200"),
    "about zero": (torch.linspace(-1, 1, 3072).view(1, 3, 32, 32), r"in \[0, 1\]; got -1 to 1"),
    "not numbers": (torch.full((1, 3, 32, 32), torch.nan), r"in \[0, 1\]; got nan to nan"),
}


@pytest.mark.parametrize(("picture", "complaint"), PICTURES.values(), ids=PICTURES)
def test_a_wrong_picture_is_refused(renderer: VolumeRenderer, picture: torch.Tensor, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        renderer.encode(picture)
    with pytest.raises(ValueError, match=complaint):
        renderer.motion_of(picture[:, None])


def test_what_is_not_the_renderers_own_is_refused(renderer: VolumeRenderer) -> None:
    portrait, motion = renderer.encode(torch.rand(1, 3, 32, 32)), Motion(torch.zeros(1, 2, 6), torch.zeros(1, 2, 8))
    with pytest.raises(ValueError, match="has 5 dynamics a frame"):
        renderer.render(portrait, Motion(motion.pose, torch.zeros(1, 2, 5)))
    with pytest.raises(ValueError, match="Got 1 portraits and motion of 2 faces"):
        renderer.render(portrait, Motion(torch.zeros(2, 2, 6), torch.zeros(2, 2, 8)))
    with pytest.raises(ValueError, match="is another renderer's: .* Encode the picture again"):
        renderer.render(replace(portrait, volume=torch.zeros(1, 16, 8, 32, 32)), motion)
    with pytest.raises(ValueError, match="has no route"):
        renderer.render(replace(portrait, route=None), motion)


def test_weights_with_missing_keys_are_refused(renderer: VolumeRenderer, tmp_path) -> None:
    checkpoint.save(tmp_path / "r", renderer, leaf("renderer", "tiny"))
    weights = load_file(tmp_path / "r" / checkpoint.WEIGHTS)
    weights.pop("decoder.last.weight")
    save_file(weights, tmp_path / "r" / checkpoint.WEIGHTS)
    with pytest.raises(ValueError, match=r"do not fit their configuration: 1 missing \['decoder.last.weight'\]"):
        checkpoint.load(tmp_path / "r")


def test_a_checkpoint_restores_the_renderer(renderer: VolumeRenderer, tmp_path) -> None:
    checkpoint.save(tmp_path / "r", renderer, leaf("renderer", "tiny"))
    again, face = checkpoint.load(tmp_path / "r"), torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(again.encode(face).volume, renderer.encode(face).volume)
