from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from omegaconf import OmegaConf

import vasa
from tests.conftest import WholePicture, able_pipeline, tiny_configs, tiny_pipeline
from vasa import Controls, Motion, Pipeline, config
from vasa.media.video import VideoReader
from vasa.motion.edits import Strength
from vasa.placing import keep_place
from vasa.staying import StayNear
from vasa.tracks import SavedTrack
from vasa.transfer import KeepPlace

RATE = 16_000


def test_frames_cover_the_sound_exactly(whole, pipe, tone):
    assert len(whole.frames) == -(-len(tone) // 640) == 33
    assert whole.frames.shape[1:] == (3, 64, 64)  # the picture's size, which is twice the renderer's
    assert 0 <= whole.frames.min() <= whole.frames.max() <= 1
    assert whole.motion.length == 33
    assert whole.samples.shape == (33 * 640,)
    torch.testing.assert_close(whole.samples[: len(tone)], tone)
    assert not whole.samples[len(tone) :].any()


@pytest.mark.parametrize("sizes", [[1, 7, 639, 641, 5000, 14635], [640] * 33, [20_923], [0, 20_922, 0, 1]])
def test_any_chunking_gives_the_same_frames(pipe, portrait, tone, sizes):
    whole = torch.cat([*pipe.stream(portrait, [tone], seed=5)])
    starts = torch.tensor([0, *sizes]).cumsum(0)
    chunks = [tone[a:b] for a, b in pairwise(starts)]
    assert torch.equal(torch.cat([*pipe.stream(portrait, chunks, seed=5)]), whole)


def test_offline_is_the_stream(pipe, portrait, tone, whole):
    streamed = torch.cat([*pipe.stream(portrait, tone.split(1000), seed=5)])
    torch.testing.assert_close(streamed, whole.frames, atol=0.6 / 255, rtol=0)  # a video holds bytes


def test_a_session_gives_frames_as_soon_as_it_can(pipe, portrait, tone):
    session = pipe.session(portrait, seed=5)
    needed = round(session.latency_s * RATE)
    assert session.push(tone[: needed - 1]).shape[0] == 0
    assert session.push(tone[needed - 1 : needed]).shape[0] == session.stride
    rest = session.push(tone[needed:])
    assert session.stride + len(rest) + len(session.flush()) == 33
    with pytest.raises(ValueError, match="was flushed"):
        session.push(tone)


def test_empty_pushes_can_be_joined(pipe, portrait):
    session = pipe.session(portrait)
    assert torch.cat([session.push(torch.zeros(0)), session.flush()]).shape == (0, 3, *portrait.shape[-2:])


def test_sessions_do_not_touch_each_other(pipe, portrait, tone):
    alone = torch.cat([*pipe.stream(portrait, [tone], seed=5)])
    one, two = pipe.session(portrait, seed=5), pipe.session(portrait.flip(-1), seed=6)
    frames = []
    for chunk in tone.split(3000):
        frames.append(one.push(chunk))
        two.push(chunk.flip(0))
    assert torch.equal(torch.cat([*frames, one.flush()]), alone)


def test_a_smaller_stride_costs_less_delay(pipe, portrait, tone):
    quick = pipe.session(portrait, stride=2)
    assert quick.latency_s < pipe.session(portrait).latency_s
    assert len(quick.push(tone)) + len(quick.flush()) == 33
    with pytest.raises(ValueError, match="A stride is 1 to"):
        pipe.session(portrait, stride=pipe.motion.window + 1)


def test_memory_does_not_grow(pipe, portrait, tone):
    session = pipe.session(portrait)
    held = []
    for _ in range(6):
        session.push(tone)
        held.append(len(session.sound.samples))
    assert max(held[1:]) <= min(held[1:]) + 10 * 640


@pytest.mark.parametrize(
    "controls",
    [
        Controls(gaze=torch.tensor([[0.3, 0.1]])),
        Controls(distance=torch.tensor([[1.5]])),
        Controls(emotion=torch.eye(8)[4:5]),
        Controls(pose=torch.tensor([[0.2, 0, 0, 0, 0, 0.0]])),
        Controls(pose=torch.linspace(0, 0.2, 33)[None, :, None].repeat(1, 1, 6)),
    ],
)
def test_every_control_counts(pipe, portrait, tone, whole, controls):
    asked = pipe(portrait, (tone, RATE), controls, seed=5)
    assert not torch.equal(asked.motion.frames(), whole.motion.frames())


def test_seeds_count_and_repeat(pipe, portrait, tone, whole):
    assert torch.equal(pipe(portrait, (tone, RATE), seed=5).pixels, whole.pixels)
    assert not torch.equal(pipe(portrait, (tone, RATE), seed=6).motion.pose, whole.motion.pose)


def test_a_pose_curve_is_followed_frame_by_frame(pipe, portrait, tone, whole):
    curve = torch.zeros(1, 33, 6)
    curve[0, :, 0] = torch.linspace(0, 0.5, 33)
    asked = pipe(portrait, (tone, RATE), Controls(pose=curve), seed=5)
    torch.testing.assert_close(asked.motion.pose - whole.motion.pose, curve)


def test_the_head_keeps_its_place():
    track = Motion(torch.randn(1, 5, 6), torch.zeros(1, 5, 2))
    origin, home = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([-0.5, 0.0, 0.4])
    kept = keep_place(track, origin, home)
    assert torch.equal(kept.pose[..., :3], track.pose[..., :3])
    torch.testing.assert_close(kept.pose[..., 3:] - home, track.pose[..., 3:] - origin)


def test_a_sitter_is_looked_at_once(pipe, portrait, tone, whole):
    assert torch.equal(pipe(pipe.sitter(portrait), (tone, RATE), seed=5).pixels, whole.pixels)


def test_a_sitter_can_be_shown_alone(pipe, portrait, tone):
    sitter, size = pipe.sitter(portrait), pipe.renderer.image_size
    assert "64x64" in repr(sitter)
    alone = pipe(sitter, (tone, RATE), seed=5, paste=False)
    assert alone.pixels.shape[-2:] == (size, size)
    assert torch.equal(alone.pixels, pipe(portrait, (tone, RATE), seed=5, paste=False).pixels)
    assert len(alone) == len(alone.pixels)


def test_a_small_face_is_pasted_back(portrait, tone):
    class Corner(WholePicture):
        def __call__(self, picture):
            return vasa.face.crop.Crop(40.0, 40.0, 60.0)

    wide = torch.rand(3, 101, 201, generator=torch.Generator().manual_seed(0))
    pipe = tiny_pipeline(Corner())
    frames = pipe(wide, (tone[:1280], RATE)).frames
    assert frames.shape == (2, 3, 100, 200)
    torch.testing.assert_close(frames[:, :, :, 100:], wide[:, :100, 100:200].expand(2, -1, -1, -1), atol=3e-3, rtol=0)
    alone = pipe(wide, (tone[:1280], RATE), paste=False).frames
    assert alone.shape[-1] == pipe.renderer.image_size


def test_reenacting_a_video(pipe, portrait, tone, whole, tmp_path):
    driving = whole.save(tmp_path / "driving.mp4")
    again = pipe.reenact(portrait, driving)
    assert again.pixels.shape[0] == 33
    assert again.samples.shape == whole.samples.shape
    start = pipe.sitter(portrait).portrait.motion.pose[0, 0, 3:]
    torch.testing.assert_close(again.motion.pose[0, 0, 3:], start)


def test_a_driven_face_can_be_edited(pipe, portrait, whole, tmp_path):
    drive = whole.save(tmp_path / "drive.mp4")
    plain, calm = (
        pipe.reenact(portrait, drive, edits=edits) for edits in ([], [Strength.neutral(0.0, pipe.renderer.space)])
    )
    assert plain.motion.dynamics.std(1).max() > 0
    assert calm.motion.dynamics.std(1).max() == 0
    counted = []
    pipe.reenact(portrait, drive, edits=[lambda motion, first: counted.append((first, motion.length)) or motion])
    ends = torch.tensor([length for _, length in counted]).cumsum(0).tolist()
    assert [first for first, _ in counted] == [0, *ends[:-1]]


def test_a_video_is_saved_and_shown(whole, tmp_path):
    path = whole.save(tmp_path / "talk.mp4")
    reader = VideoReader(path)
    assert reader.fps == 25
    assert len([*reader]) == 33
    assert "data:video/mp4;base64," in whole._repr_html_()
    assert repr(whole).endswith("33 frames, 1.32 s)")


@pytest.mark.parametrize(
    ("change", "sides"),
    [
        ({"space": {"dynamics": 5}, "net": {"motion_dim": 11}}, r"motion space is .*dynamics=.*dynamics=5"),
        ({"net": {"audio_dim": 3}}, "number of audio features is .*, the motion generator's is 3"),
    ],
)
def test_parts_that_do_not_fit_are_refused(pipe, change, sides):
    other = config.instantiate(OmegaConf.merge(tiny_configs()["motion"], change))
    with pytest.raises(ValueError, match=f"These parts do not fit: .*{sides}"):
        Pipeline(pipe.renderer, other, pipe.audio, pipe.detector)


def test_bad_sound_is_refused(pipe, portrait, tone):
    session = pipe.session(portrait)
    for wrong in (tone[None], tone.to(torch.int16), tone / 0):
        with pytest.raises(ValueError, match="A stream takes mono float samples|NaN or infinite"):
            session.push(wrong)
    with pytest.raises(ValueError, match="No face"):
        pipe(torch.full((3, 64, 64), 0.5), (tone, RATE))
    with pytest.raises(FileNotFoundError, match="no file"):
        pipe.play(torch.full((3, 64, 64), 0.5), "nowhere.wav")  # before a face is looked for
    with pytest.raises(ValueError, match="0 s long"):
        pipe(portrait, (tone[:0], RATE))
    with pytest.raises(ValueError, match="There is no kind of device"):
        pipe.to("abacus")


def test_voices_keep_a_head_near_its_portrait_and_videos_do_not(pipe):
    able = able_pipeline(pipe)
    assert isinstance(able.voice_transfer, StayNear)
    assert able.voice_transfer.handles is able.handles
    assert isinstance(able.video_transfer, KeepPlace)


def test_dubbing_takes_lips_from_the_voice_and_the_rest_from_the_video(pipe, portrait, tone, whole, tmp_path):
    able, driving = able_pipeline(pipe), whole.save(tmp_path / "driving.mp4")
    dubbed = able.dub(portrait, driving, (tone.flip(0)[:16_000], RATE), seed=5)
    seen = able.reenact(portrait, driving).motion
    said = able(portrait, (tone.flip(0)[:16_000], RATE), seed=5).motion
    assert len(dubbed.frames) == 25  # the sound is shorter than the video
    torch.testing.assert_close(dubbed.motion.pose, seen.pose[:, :25], atol=1e-4, rtol=0)
    for group, source in (("lips", said), ("blink", seen), ("gaze", seen)):
        read = able.handles.read(dubbed.motion.dynamics, group)
        torch.testing.assert_close(read, able.handles.read(source.dynamics, group)[:, :25], atol=1e-3, rtol=0)
    with pytest.raises(ValueError, match="give the pipeline handles"):
        pipe.dub(portrait, driving, (tone, RATE))


def test_a_track_is_performed_as_it_is(pipe, portrait, tone, whole):
    shown = pipe.perform(portrait, whole.motion, (tone, RATE))
    assert torch.equal(shown.motion.frames(), whole.motion.frames())
    assert shown.samples.shape == whole.samples.shape
    torch.testing.assert_close(shown.frames, whole.frames, atol=1.1 / 255, rtol=0)
    assert pipe.perform(portrait, whole.motion[slice(0, 3)]).samples is None
    saved = SavedTrack(whole.motion[slice(0, 3)], pipe.renderer.space)
    assert torch.equal(pipe.perform(portrait, saved).motion.frames(), whole.motion[slice(0, 3)].frames())
    assert torch.equal(pipe.perform(portrait, whole).motion.frames(), whole.motion.frames())
    with pytest.raises(ValueError, match="one face and finite"):
        pipe.perform(portrait, Motion(whole.motion.pose * torch.nan, whole.motion.dynamics))
    with pytest.raises(ValueError, match="got a dict"):
        pipe.perform(portrait, {})
    with pytest.raises(ValueError, match="nothing to show"):
        pipe.perform(portrait, whole.motion[slice(0, 0)])
    with pytest.raises(ValueError, match="take its own model"):
        pipe.perform(portrait, replace(saved, space=replace(saved.space, name="other")))
    with pytest.raises(ValueError, match="numbers a frame, the space"):
        pipe.perform(portrait, Motion(torch.zeros(1, 2, 6), torch.zeros(1, 2, 1)))


def test_edits_change_what_is_shown_in_every_way_of_asking(pipe, portrait, tone, whole):
    weak = Strength.neutral(0.0, pipe.renderer.space)
    video = pipe(portrait, (tone, RATE), seed=5, edits=[weak])
    assert video.motion.dynamics.std(1).max() < 1e-6
    assert torch.equal(video.motion.pose, whole.motion.pose)
    streamed = torch.cat([*pipe.stream(portrait, tone.split(700), seed=5, edits=[weak])])
    torch.testing.assert_close(streamed, video.frames, atol=0.6 / 255, rtol=0)
