from __future__ import annotations

import pytest
import torch

from vasa import checkpoint
from vasa.config import instantiate, leaf
from vasa.geometry import pose_matrix, transform
from vasa.render import Renderer, VolumeRenderer
from vasa.render.motion_encoder import aligned
from vasa.testing import check_renderer
from vasa.types import Motion


def test_tiny_conforms(renderer: VolumeRenderer) -> None:
    assert isinstance(renderer, Renderer)
    check_renderer(renderer)


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


def test_the_published_size_has_about_200_million_parameters() -> None:
    with torch.device("meta"):
        renderer: VolumeRenderer = instantiate(leaf("renderer", "paper"))
        portrait = renderer.encode(torch.rand(1, 3, 512, 512))
        motion = Motion(torch.rand(1, 1, 6), torch.rand(1, 1, 128))
        assert renderer.render(portrait, motion).shape == (1, 1, 3, 512, 512)
    assert portrait.volume.shape == (1, 96, 16, 64, 64)  # MegaPortraits 2.2
    assert 160e6 < sum(p.numel() for p in renderer.parameters()) < 220e6  # VASA-1: ~200 M


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


def test_alignment_undoes_roll_shift_and_scale() -> None:
    pose = torch.tensor([[0.0, 0.0, 0.4, 0.1, -0.05, 0.2]])
    axis = (torch.arange(64) + 0.5) / 32 - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    canonical = torch.stack([x, y, torch.zeros_like(x)], dim=-1)[None] * 0.5
    where = transform(pose_matrix(pose), canonical)  # where each canonical place is seen
    picture = torch.stack([x, y, y])[None]  # each pixel shows its own coordinates
    found = aligned(picture, pose, size=64, reach=0.5)
    torch.testing.assert_close(found[0, 0], where[0, ..., 0], atol=0.02, rtol=0)
    torch.testing.assert_close(found[0, 1], where[0, ..., 1], atol=0.02, rtol=0)


def test_a_wrong_picture_size_is_refused(renderer: VolumeRenderer) -> None:
    with pytest.raises(ValueError, match="takes pictures of 3 x 32 x 32; got 3 x 16 x 32"):
        renderer.encode(torch.rand(1, 3, 16, 32))


def test_a_checkpoint_restores_the_renderer(renderer: VolumeRenderer, tmp_path) -> None:
    checkpoint.save(tmp_path / "r", renderer, leaf("renderer", "tiny"))
    again, face = checkpoint.load(tmp_path / "r"), torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(again.encode(face).volume, renderer.encode(face).volume)
