"""Eyes and lips opened by measure, through a pipeline of LivePortrait's renderer, small, with made-up weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests import open_weights
from tests.conftest import WholePicture
from vasa import Motion, Opening, Pipeline
from vasa.face.layouts import eye_openness, lip_openness
from vasa.media.video import VideoWriter
from vasa.opening import SEEN
from vasa.render.liveportrait.keypoints import EYES, LIPS, as_points, seen_keypoints
from vasa.render.openness import Openness

LENGTH = 3


class Marked(WholePicture):
    """Tells landmarks: as if the face were open as far as its picture is bright; no face in a black picture."""

    @staticmethod
    def landmarks(picture: Tensor) -> Tensor:
        if picture.mean() < 0.05:
            raise ValueError("No face.")
        points = torch.zeros(68, 2)
        points[[39, 45, 54], 0] = 1.0  # widths of one
        points[[40, 41, 46, 47, 66], 1] = points[[40, 41, 46, 47, 66], 1] + picture.mean()
        return points


@pytest.fixture(scope="module")
def able(tmp_path_factory) -> Pipeline:
    cache = open_weights.keep(tmp_path_factory.mktemp("cache"))
    pipe = Pipeline.from_pretrained(f"{cache / 'liveportrait'}+{cache / 'joyvasa'}", device="cpu")
    pipe.detector, pipe.batch = Marked(), 2
    return pipe


@pytest.fixture(scope="module")
def driving(tmp_path_factory) -> Path:
    """Three grey frames, the middle one black."""
    path = tmp_path_factory.mktemp("film") / "driving.mp4"
    with VideoWriter(path, (64, 64), sound=False) as writer:
        writer.write(torch.tensor([0.2, 0.0, 0.4])[:, None, None, None].expand(-1, 3, 64, 64))
    return path


def held(pipe: Pipeline, portrait: Tensor) -> Motion:
    own = pipe.sitter(portrait).portrait.motion
    return Motion(own.pose.repeat(1, LENGTH, 1), own.dynamics.repeat(1, LENGTH, 1))


def points(pipe: Pipeline, portrait: Tensor, motion: Motion) -> Tensor:
    """[T, 21, 3]"""
    return seen_keypoints(pipe.sitter(portrait).portrait.identity, motion)


def test_on_a_still_face_it_adds_what_the_published_networks_say(able, portrait) -> None:
    """x_s + R_eye(x_s; c_s, c_d) + R_lip(x_s; c_s, c_d)."""
    still, marks = held(able, portrait), Marked.landmarks(able.sitter(portrait).stage.face)
    eyes, lips = torch.tensor([0.1, 0.2, 0.3]), 0.4
    source, heads = points(able, portrait, still), able.renderer.retargeting
    was_eyes, was_lips = eye_openness(marks).expand(LENGTH, 2), lip_openness(marks).expand(LENGTH, 1)
    with torch.no_grad():
        wanted = source + heads.eye_offset(source, was_eyes, eyes[:, None])
        wanted += heads.lip_offset(source, was_lips, torch.full((LENGTH, 1), lips))
    found = able.perform(portrait, still, opening=Opening(eyes=eyes, lips=lips)).motion
    torch.testing.assert_close(points(able, portrait, found), wanted, rtol=0, atol=1e-5)
    assert torch.equal(found.pose, still.pose)


def test_what_is_opened_forgets_what_the_motion_did_with_it_and_the_rest_does_not(able, portrait) -> None:
    still = held(able, portrait)
    moved = Motion(still.pose + 0.1, still.dynamics + 0.2 * torch.randn(still.dynamics.shape))
    change = [able.perform(portrait, m, opening=Opening(eyes=0.3)).motion.dynamics - m.dynamics for m in (still, moved)]
    apart = (as_points((change[1] - change[0])[0]).abs() > 1e-5).any(dim=(0, 2))
    assert apart.nonzero().flatten().tolist() == sorted(EYES)


def test_open_lips_count_as_closed_and_closed_ones_stay(able, portrait) -> None:
    still = held(able, portrait)
    changed = able.perform(portrait, still, opening=Opening(close_lips=True)).motion
    source = points(able, portrait, still)
    was = lip_openness(Marked.landmarks(able.sitter(portrait).stage.face)).expand(LENGTH, 1)
    with torch.no_grad():
        wanted = source + able.renderer.retargeting.lip_offset(source, was, torch.zeros(LENGTH, 1))
    torch.testing.assert_close(points(able, portrait, changed), wanted, rtol=0, atol=1e-5)
    closed = Openness(torch.full((1, 2), 0.3), torch.full((1, 1), 0.01))
    stays = able.renderer.with_lips_closed(able.sitter(portrait).portrait, still, closed)
    assert torch.equal(stays.frames(), still.frames())


def test_a_driving_video_is_seen_and_a_lost_face_held(able, portrait, driving) -> None:
    told = _told(able, driving)
    shown = able.reenact(portrait, driving, opening=Opening(eyes=SEEN, lips=SEEN)).motion
    as_told = able.reenact(portrait, driving, opening=Opening(eyes=told, lips=told)).motion
    torch.testing.assert_close(shown.frames(), as_told.frames(), rtol=0, atol=1e-5)
    assert not torch.allclose(shown.frames(), able.reenact(portrait, driving).motion.frames())


def _told(able: Pipeline, driving: Path) -> Tensor:
    """What the landmarks say of the three frames: of the first again where there was no face."""
    faces = [face for _, some in able._seen(driving) for face in some]
    first, _, last = (face.mean() for face in faces)
    return torch.stack([first, first, last])


def test_a_voice_moves_a_face_whose_eyes_are_held(able, portrait, tone) -> None:
    sound, held_open = tone[:8000], Opening(eyes=torch.linspace(0, 0.4, 13))
    cuts = (sound.split(length) for length in (8000, 999))
    shown = [torch.cat([*able.stream(portrait, cut, stride=5, opening=held_open)]) for cut in cuts]
    assert torch.equal(*shown)
    assert not torch.equal(shown[0], torch.cat([*able.stream(portrait, [sound], stride=5)]))


def test_others_refuse_in_a_sentence(able, pipe, portrait, tone, driving) -> None:
    asked, sound = Opening(eyes=0.3), (tone[:1600], 16_000)
    with pytest.raises(ValueError, match="VolumeRenderer cannot open eyes and lips by measure; leave the opening out"):
        pipe.reenact(portrait, driving, opening=asked)
    with pytest.raises(ValueError, match="cannot open eyes"):
        pipe(portrait, sound, opening=asked)
    with pytest.raises(ValueError, match="where a video drives; here, give a number"):
        able(portrait, sound, opening=Opening(lips=SEEN))
    blind = Pipeline(able.renderer, detector=WholePicture())
    with pytest.raises(ValueError, match="WholePicture does not tell landmarks"):
        blind.perform(portrait, held(able, portrait), opening=asked)


@pytest.mark.parametrize("width", [-0.1, 1.5, float("nan"), torch.zeros(0), torch.zeros(2, 2), "wide"])
def test_what_no_face_can_do_is_refused(width) -> None:
    with pytest.raises(ValueError, match=r"Opening\.lips is"):
        Opening(lips=width)


def test_lips_and_eyes_are_other_points() -> None:
    assert not set(EYES) & set(LIPS)
