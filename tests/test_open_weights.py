"""LivePortrait's renderer and JoyVASA's voice as one pipeline, from their folders to a video."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests import open_weights
from tests.conftest import WholePicture
from vasa import Pipeline
from vasa.media.video import VideoReader
from vasa.render.liveportrait.transfer import Amplified, Relative
from vasa.testing import check_audio_encoder, check_motion_generator, check_renderer

STRIDE = 5  # frames at once, so that half a second takes several windows


def loaded(name: str) -> Pipeline:
    pipe = Pipeline.from_pretrained(name, device="cpu")
    pipe.detector, pipe.batch = WholePicture(), 4
    return pipe


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return open_weights.keep(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def open_pipe(cache) -> Pipeline:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASA_CACHE", str(cache))
        return loaded("liveportrait+joyvasa")


@pytest.fixture(scope="module")
def sound(tone) -> Tensor:
    """Half a second, not a whole number of frames: [8000]."""
    return tone[:8000]


@pytest.fixture(scope="module")
def spoken(open_pipe, portrait, sound) -> Tensor:
    """The frames [13, 3, 64, 64] of one call that is given all of the sound."""
    return torch.cat([*open_pipe.stream(portrait, [sound], stride=STRIDE)])


def test_the_parts_conform_and_bring_their_rule(open_pipe) -> None:
    check_renderer(open_pipe.renderer)
    check_motion_generator(open_pipe.motion, open_pipe.audio.dim, controls=())
    check_audio_encoder(open_pipe.audio)
    assert open_pipe.voice_transfer == Amplified(transfer=Relative.spoken("all"), factor=1.1)
    assert open_pipe.video_transfer == Relative.of("all")


def test_half_a_second_becomes_a_video(open_pipe, portrait, sound, spoken, tmp_path) -> None:
    video = open_pipe(portrait, (sound, 16_000), stride=STRIDE)
    assert video.pixels.shape == (13, 3, 64, 64)
    torch.testing.assert_close(video.frames, spoken, atol=0.5 / 255 + 1e-6, rtol=0)
    assert (spoken[1:] - spoken[:1]).abs().amax(dim=(1, 2, 3)).min() > 1e-4
    assert len([*VideoReader(video.save(tmp_path / "talk.mp4"))]) == 13


@pytest.mark.parametrize("size", [333, 4001])
def test_any_chunking_gives_the_same_frames(open_pipe, portrait, sound, spoken, size) -> None:
    pieces = torch.cat([*open_pipe.stream(portrait, sound.split(size), stride=STRIDE)])
    assert torch.equal(pieces, spoken)


def test_two_folders_are_the_same_as_two_names(cache, portrait, sound, spoken) -> None:
    pipe = loaded(f"{cache / 'liveportrait'}+{cache / 'joyvasa'}")
    assert torch.equal(torch.cat([*pipe.stream(portrait, [sound], stride=STRIDE)]), spoken)


def test_memory_does_not_grow(open_pipe, portrait, sound) -> None:
    session, held = open_pipe.session(portrait, stride=STRIDE), []
    for _ in range(6):
        session.push(sound)
        kept = [session.sound.samples, session.state.motion, session.state.features, session.state.memory]
        held.append(sum(tensor.numel() for tensor in kept))
    assert max(held[2:]) <= min(held[2:]) + 640 * STRIDE
