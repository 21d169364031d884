"""What holds for every rule that carries motion from one head to another."""

from __future__ import annotations

import pytest
import torch
from scipy.spatial import ConvexHull

from vasa.geometry import rotation
from vasa.render.liveportrait.hull import HullMatched, hull_ratio
from vasa.render.liveportrait.keypoints import LIPS, as_points, seen_keypoints
from vasa.render.liveportrait.transfer import Absolute, Amplified, Relative
from vasa.transfer import KeepPlace, Track
from vasa.types import Motion, Portrait


def some(length: int, seed: int) -> Motion:
    generator = torch.Generator().manual_seed(seed)
    pose, dynamics = (torch.randn(1, length, size, generator=generator) for size in (6, 63))
    return Motion(0.3 * pose, 0.1 * dynamics)


@pytest.fixture
def portrait() -> Portrait:
    points = torch.randn(1, 63, generator=torch.Generator().manual_seed(0))
    return Portrait(torch.zeros(1, 1, 1, 1, 1), points, some(1, 1), torch.zeros(1, 3, 1, 1))


@pytest.fixture
def track() -> Motion:
    return some(4, 2)


class KeepTrack:
    """The track as it comes."""

    def __call__(self, motion: Motion, first: Motion, portrait: Portrait) -> Motion:
        return motion


@pytest.mark.parametrize("region", ["all", "pose", "exp", "lip", "eyes"])
def test_a_track_that_stays_leaves_the_source(portrait, track, region) -> None:
    first = track[slice(0, 1)]
    moved = Relative.of(region)(first, first, portrait)
    torch.testing.assert_close(moved.frames(), portrait.motion.frames(), atol=1e-5, rtol=0)


def test_the_sources_own_track_comes_as_it_is(portrait, track) -> None:
    own = Motion.cat([portrait.motion, track])
    moved = Relative.of("all")(own, own[slice(0, 1)], portrait)
    torch.testing.assert_close(moved.frames(), own.frames(), atol=1e-5, rtol=0)


def test_turns_add_up_on_the_head(portrait, track) -> None:
    first = track[slice(0, 1)]
    moved = Relative.of("pose")(track, first, portrait)
    head, was, now, own = (
        rotation(*m.pose[0, -1, :3].double()) for m in (moved, first, track, portrait.motion)
    )
    torch.testing.assert_close(head, own @ was.T @ now, atol=1e-5, rtol=0)


def test_generated_lips_come_as_they_are(portrait, track) -> None:
    moved = Relative.spoken("all")(track, track[slice(0, 1)], portrait)
    lips = list(LIPS)
    assert torch.equal(as_points(moved.dynamics[0])[:, lips], as_points(track.dynamics[0])[:, lips])


def test_absolute_keeps_the_shape_of_the_face(portrait, track) -> None:
    moved = Absolute.of("all")(track, track[slice(0, 1)], portrait)
    points, own = as_points(moved.dynamics[0]), as_points(portrait.motion.dynamics[0])
    assert torch.equal(points[:, [0, 7, 10]], own[:, [0, 7, 10]].expand(4, -1, -1))
    assert torch.equal(moved.pose[..., :5], track.pose[..., :5])
    assert torch.equal(moved.pose[..., 5:], portrait.motion.pose[..., 5:].expand(1, 4, 1))


def test_amplified_key_points_go_further(portrait, track) -> None:
    first, rule = track[slice(0, 1)], Relative.of("all")
    still = seen_keypoints(portrait.identity, portrait.motion)
    plain = seen_keypoints(portrait.identity, rule(track, first, portrait))
    far = seen_keypoints(portrait.identity, Amplified(transfer=rule, factor=1.5)(track, first, portrait))
    torch.testing.assert_close(far - still, 1.5 * (plain - still), atol=1e-5, rtol=0)


def test_hulls_are_compared_by_the_root_of_their_volumes() -> None:
    points = torch.randn(2, 21, 3)
    sizes = torch.tensor([2.0, 3.0])
    torch.testing.assert_close(hull_ratio(points, sizes[:, None, None] * points + 1), sizes**-1.5)


def test_hull_matched_changes_start_from_the_picture_in_its_size(portrait, track) -> None:
    """A larger face that comes as it is: its first frame leaves the picture, the others move by as much as m says."""
    large = Motion(torch.cat([track.pose[..., :5], track.pose[..., 5:] + 0.7], dim=-1), track.dynamics)
    first, rule = large[slice(0, 1)], KeepTrack()
    moved = seen_keypoints(portrait.identity, HullMatched(rule)(large, first, portrait))
    still, plain = (seen_keypoints(portrait.identity, m) for m in (portrait.motion, large))
    m = (ConvexHull(still[0]).volume / ConvexHull(plain[0]).volume) ** 0.5
    assert not 0.9 < m < 1.1
    torch.testing.assert_close(moved, still + m * (plain - plain[:1]), atol=1e-5, rtol=0)


def test_hull_matched_leaves_relative_motion(portrait, track) -> None:
    first, rule = track[slice(0, 1)], Relative.of("all")
    torch.testing.assert_close(
        HullMatched(rule)(track, first, portrait).frames(), rule(track, first, portrait).frames(), atol=1e-5, rtol=0
    )


def test_a_track_remembers_its_first_frame_and_adds_what_was_asked(portrait, track) -> None:
    asked = torch.tensor([[0.2, 0.0, 0.0, 0.0, 0.0, 0.0]])
    turned = Motion(track.pose + asked, track.dynamics)
    whole = Relative.of("all")(track, track[slice(0, 1)], portrait)
    wanted = Motion(whole.pose + asked, whole.dynamics).frames()
    carried = Track(Relative.of("all"), portrait, asked)
    pieces = Motion.cat([carried(turned[slice(0, 2)]), carried(turned[slice(2, 4)])])
    torch.testing.assert_close(pieces.frames(), wanted)
    curve = Track(Relative.of("all"), portrait, asked[:, None].repeat(1, 4, 1))
    torch.testing.assert_close(curve(turned).frames(), wanted)


def test_keeping_the_place_starts_from_the_first_frame_or_an_origin(portrait, track) -> None:
    first, home = track[slice(0, 1)], portrait.motion.pose[0, 0, 3:]
    torch.testing.assert_close(KeepPlace()(track, first, portrait).pose[0, 0, 3:], home)
    moved = KeepPlace((0.1, 0.2, 0.3))(track, first, portrait)
    torch.testing.assert_close(moved.pose[0, :, 3:], track.pose[0, :, 3:] + home - torch.tensor([0.1, 0.2, 0.3]))


def test_unknown_regions_are_named(portrait) -> None:
    for choose in (Relative.of, Relative.spoken, Absolute.of):
        with pytest.raises(ValueError, match="no region 'ear'; there are: all, pose"):
            choose("ear")
