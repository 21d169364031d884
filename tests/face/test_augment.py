"""Pictures and labels move together, and damage leaves what it should leave."""

from __future__ import annotations

import math

import pytest
import torch

from vasa.face.augment import Augmentation, framed
from vasa.face.cover import another_background, faceless, occluded
from vasa.face.heads import cells
from vasa.face.labels import FaceLabels, Move, turned
from vasa.face.points import CHIN, LEFT_EYE, MIRRORED, MOUTH, RIGHT_EYE
from vasa.face.scatter import Reach, moved
from vasa.face.spoil import blurred, coarse, coloured, compressed, noisy, spoiled
from vasa.geometry import direction, pose_matrix, rotation, transform


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def labels(count: int = 5) -> FaceLabels:
    random = seeded(3)

    def draw(*shape: int) -> torch.Tensor:
        return torch.rand(count, *shape, generator=random) - 0.5

    yes = torch.ones(count, dtype=torch.bool)
    return FaceLabels(
        landmarks=draw(68, 2), seen=yes[:, None].expand(-1, 68), pose=0.5 * draw(6), gaze=draw(2), blink=draw(2).abs(),
        lip_opening=draw(), arkit=draw(52).abs(), emotion=draw(8).abs(), acted=yes, person=torch.arange(count),
        face=yes,
    )  # fmt: skip


def move(count: int = 5, *, mirrored: bool = False) -> Move:
    drawn = Reach(calm=0).draw(count, seeded(1))
    return Move(torch.full((count,), mirrored), drawn.angle, drawn.log_scale, drawn.shift)


def dots(places: torch.Tensor, size: int) -> torch.Tensor:
    """A soft dot at a place [B, 2] of every picture: [B, 1, size, size]."""
    away = (cells(size, size, like=places) - places[:, None]).square().sum(-1)
    return (-away / (2 * 0.06**2)).exp().view(len(places), 1, size, size)


def centre(picture: torch.Tensor) -> torch.Tensor:
    """Where the dot is: [B, 2]."""
    weight = picture.flatten(1) / picture.flatten(1).sum(1, keepdim=True)
    return weight @ cells(picture.shape[-1], picture.shape[-1], like=picture)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_dot_goes_where_its_label_goes(mirrored):
    places, goes = torch.rand(5, 2, generator=seeded()) * 0.5 - 0.25, move(mirrored=mirrored)
    seen, inside = moved(dots(places, 96), goes, 80)
    torch.testing.assert_close(centre(seen * inside), goes.points(places[:, None])[:, 0], atol=4e-3, rtol=0)


def test_back_undoes_points():
    places, goes = torch.randn(5, 9, 2, generator=seeded()), move(mirrored=True)
    torch.testing.assert_close(goes.back(goes.points(places)), places, atol=1e-5, rtol=1e-5)


def test_a_quarter_turn_is_counter_clockwise():
    quarter = Move(torch.zeros(1).bool(), torch.full((1,), math.pi / 2), torch.zeros(1), torch.zeros(1, 2))
    goes = quarter.points(torch.tensor([[[1.0, 0.0]]]))  # right goes up, y runs down
    torch.testing.assert_close(goes, torch.tensor([[[0.0, -1.0]]]), atol=1e-6, rtol=0)
    torch.testing.assert_close(turned(torch.tensor([[0.3, 0.0]]), quarter.angle), torch.tensor([[0.0, 0.3]]))


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_pose_is_the_one_of_the_moved_head(mirrored):
    known, goes = labels(), move(mirrored=mirrored)
    head = torch.randn(5, 20, 3, generator=seeded())
    before = transform(pose_matrix(known.pose), head)[..., :2]
    after = goes.labels(known).pose
    other_half = head * head.new_tensor([-1.0 if mirrored else 1.0, 1.0, 1.0])
    torch.testing.assert_close(
        transform(pose_matrix(after), other_half)[..., :2], goes.points(before), atol=1e-5, rtol=1e-5
    )


def test_gaze_turns_as_the_head_does():
    angles, turn = 0.4 * torch.randn(6, 3, generator=seeded()), torch.linspace(-0.8, 0.8, 6)
    ahead = torch.tensor([0.0, 0.0, 1.0])
    x, y, z = (rotation(*angles.unbind(-1)) @ ahead).unbind(-1)
    gaze = torch.stack([torch.atan2(x, z), torch.asin(y)], dim=-1)
    yaw, pitch, roll = angles.unbind(-1)
    after = rotation(yaw, pitch, roll + turn) @ ahead
    torch.testing.assert_close(direction(*turned(gaze, turn).unbind(-1)), after, atol=1e-6, rtol=1e-5)


def test_a_mirror_swaps_sides_and_is_its_own_inverse():
    assert sorted(MIRRORED) == list(range(68))
    assert [MIRRORED[n] for n in MIRRORED] == list(range(68))
    assert MIRRORED[CHIN] == CHIN
    assert {MIRRORED[n] for n in range(68)[RIGHT_EYE]} == set(range(68)[LEFT_EYE])
    assert {MIRRORED[n] for n in range(68)[MOUTH]} == set(range(68)[MOUTH])
    zero = torch.zeros(5)
    mirror = Move(torch.ones(5).bool(), zero, zero, torch.zeros(5, 2))
    known = labels()
    once, twice = mirror.labels(known), mirror.labels(mirror.labels(known))
    torch.testing.assert_close(vars(twice), vars(known))
    torch.testing.assert_close(once.blink, known.blink.flip(-1))
    torch.testing.assert_close(once.landmarks[:, 36, 0], -known.landmarks[:, 45, 0])


def test_points_that_leave_the_picture_are_not_seen():
    away = Move(torch.zeros(5).bool(), torch.zeros(5), torch.zeros(5), torch.tensor([[1.2, 0.0]]).expand(5, -1))
    known = labels()
    torch.testing.assert_close(away.labels(known).seen, known.landmarks[..., 0] < -0.2)


def test_framed_only_changes_the_size():
    picture = torch.rand(2, 3, 48, 48, generator=seeded())
    torch.testing.assert_close(framed(picture, 48), picture)
    assert framed(picture, 32).shape == (2, 3, 32, 32)


@pytest.mark.parametrize("damage", [blurred, coarse, noisy, compressed, coloured])
def test_damage_changes_a_picture_but_not_much(damage):
    picture = framed(torch.rand(3, 3, 6, 6, generator=seeded()), 48)
    seen = damage(picture, seeded())
    assert seen.shape == picture.shape
    assert 0 <= seen.min() <= seen.max() <= 1
    assert 1e-3 < (seen - picture).abs().mean() < 0.35


def test_a_share_of_nothing_leaves_all_but_colours():
    picture = torch.rand(4, 3, 32, 32, generator=seeded())
    torch.testing.assert_close(spoiled(picture, seeded(5), share=0), coloured(picture, seeded(5)))
    torch.testing.assert_close(occluded(picture, seeded(), share=0), picture)


def people() -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures and the parts in them: a head in the middle over a body, background above."""
    part = torch.zeros(6, 16, 16)
    part[:, 12:] = 1
    part[:, 4:12, 4:12] = 2
    return torch.rand(6, 3, 64, 64, generator=seeded()), part


def test_another_background_leaves_the_person():
    picture, part = people()
    seen = another_background(picture, part, seeded(), share=1)
    torch.testing.assert_close(seen[..., 22:42, 22:42], picture[..., 22:42, 22:42])
    assert (seen - picture)[..., :10, :].abs().mean() > 0.1


def test_a_face_that_is_taken_away_is_gone():
    picture, part = people()
    seen = faceless(picture, part, seeded())
    assert ((seen - picture)[..., 20:44, 20:44].abs().mean((1, 2, 3)) > 0.05).all()


def test_occluders_hide_a_part_of_most_pictures():
    picture = torch.rand(40, 3, 32, 32, generator=seeded())
    hidden = (occluded(picture, seeded(), share=1) != picture).any(1).float().mean((1, 2))
    assert 0.02 < hidden.mean() < 0.6


def test_an_augmentation_marks_what_has_no_face():
    picture, part = people()
    seen, known = Augmentation(no_face=1)(picture, part, labels(6), 40, seeded())
    assert seen.shape == (6, 3, 40, 40)
    assert not known.face.any()
    assert Augmentation(no_face=0)(picture, part, labels(6), 40, seeded())[1].face.all()
