"""Sound of every kind becomes mono 16 kHz with every event in its place."""

from __future__ import annotations

import math
import wave
from fractions import Fraction

import av
import numpy as np
import pytest
import torch

from vasa.clock import CLOCK
from vasa.media.sound import has_sound, load_sound, read_blocks
from vasa.media.video import VideoWriter

SECONDS, CLICK_S = 2, 1.0


def tone_with_click(rate, channels=1):
    """A quiet 440 Hz tone with one loud 2 kHz burst of 4 ms at CLICK_S: [channels, S]."""
    t = np.arange(SECONDS * rate) / rate
    burst = 0.8 * np.exp(-(((t - CLICK_S) / 0.002) ** 2)) * np.cos(2 * np.pi * 2000 * (t - CLICK_S))
    return np.tile(0.1 * np.sin(2 * np.pi * 440 * t) + burst, (channels, 1)).astype(np.float32)


def write_sound(path, codec, rate, layout):
    """Encode the tone with PyAV."""
    samples = tone_with_click(rate, 2 if layout == "stereo" else 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        resampler = av.AudioResampler(stream.format, layout, rate, frame_size=stream.frame_size)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


def assert_click_in_place(sound, tolerance_s=0.001, length_s=0.05):
    assert sound.dtype == torch.float32
    assert abs(len(sound) / CLOCK.sample_rate - SECONDS) <= length_s
    assert abs(int(sound.abs().argmax()) / CLOCK.sample_rate - CLICK_S) <= tolerance_s
    power = sound[2000:12_000].square().mean().sqrt()
    assert math.isclose(power, 0.1 / math.sqrt(2), rel_tol=0.05)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.wav", "pcm_s16le", 16_000, "mono"),
        ("a.wav", "pcm_f32le", 44_100, "stereo"),
        ("a.wav", "pcm_s16le", 8_000, "mono"),
        ("a.flac", "flac", 48_000, "stereo"),
        ("a.mp3", "libmp3lame", 44_100, "stereo"),
        ("a.m4a", "aac", 48_000, "stereo"),
        ("a.ogg", "libopus", 48_000, "mono"),
    ],
)
def test_every_format_keeps_time(tmp_path, name, codec, rate, layout):
    write_sound(tmp_path / name, codec, rate, layout)
    assert_click_in_place(load_sound(tmp_path / name))


def test_sound_track_of_a_video(tmp_path):
    samples = torch.from_numpy(tone_with_click(16_000)[0])
    with VideoWriter(tmp_path / "a.mp4", (16, 16)) as writer:
        writer.write(torch.zeros(SECONDS * 25, 3, 16, 16), samples)
    assert_click_in_place(load_sound(tmp_path / "a.mp4"))
    assert has_sound(tmp_path / "a.mp4")


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("kind", ["floats", "doubles", "integers", "stereo", "stereo last", "tensor"])
def test_arrays_come_with_their_rate(rate, kind):
    mono = tone_with_click(rate)[0]
    samples = {
        "floats": mono,
        "doubles": mono.astype(np.float64),
        "integers": np.round(mono * 32_767).astype(np.int16),
        "stereo": np.stack([mono, mono]),
        "stereo last": np.stack([mono, mono], axis=1),
        "tensor": torch.from_numpy(mono),
    }[kind]
    assert_click_in_place(load_sound((samples, rate)))


def test_sound_at_the_clock_rate_is_untouched():
    samples = torch.randn(40_077) * 0.1
    torch.testing.assert_close(load_sound((samples, 16_000)), samples)


def test_blocks_make_up_the_whole(tmp_path):
    write_sound(tmp_path / "a.flac", "flac", 48_000, "stereo")
    blocks = list(read_blocks(tmp_path / "a.flac"))
    assert len(blocks) > 5
    torch.testing.assert_close(torch.cat(blocks), load_sound(tmp_path / "a.flac"))


def write_wav(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(16_000)
        file.writeframes(samples.astype("<i2").tobytes())


def test_callers_mistakes_are_plain_sentences(tmp_path):
    (tmp_path / "text.wav").write_text("this is not a sound")
    (tmp_path / "none_inside.wav").touch()
    write_wav(tmp_path / "zero.wav", np.zeros(0))
    with VideoWriter(tmp_path / "silent.mp4", (16, 16), sound=False) as writer:
        writer.write(torch.zeros(3, 3, 16, 16))
    nan = np.zeros(16_000, np.float32)
    nan[7000] = np.nan
    for source, words in [
        (tmp_path / "missing.wav", "There is no file"),
        (tmp_path / "text.wav", "neither a sound nor a video"),
        (tmp_path / "none_inside.wav", "is empty"),
        (tmp_path / "zero.wav", "0 s long"),
        (tmp_path / "silent.mp4", "no sound track"),
        ((nan, 16_000), "NaN"),
        ((nan, 44_100), "NaN"),
        ((nan + np.inf, 16_000), "infinite"),
        ((np.zeros(0), 16_000), "0 s long"),
        ((np.zeros(10), 0), "rate"),
        ((16_000, np.zeros(10)), "got a ndarray for a rate"),
        ((np.zeros(10), 16_000, 1), "got a tuple of 3"),
        ((np.full(10, 9_000.0), 16_000), "divide them first"),
        ((np.zeros((40, 40)), 16_000), "shape"),
    ]:
        with pytest.raises((ValueError, FileNotFoundError), match=words) as raised:
            load_sound(source)
        assert "\n" not in str(raised.value)
    assert not has_sound(tmp_path / "silent.mp4")


def test_a_truncated_file_is_an_error_or_shorter(tmp_path):
    write_sound(tmp_path / "a.m4a", "aac", 16_000, "mono")
    whole = (tmp_path / "a.m4a").read_bytes()
    (tmp_path / "half.m4a").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"neither a sound nor a video|damaged"):
        load_sound(tmp_path / "half.m4a")


def test_numbers_of_other_kinds_are_taken():
    samples = torch.linspace(-1, 1, 6400)
    usual = load_sound((samples.bfloat16().float(), 16_000))
    torch.testing.assert_close(load_sound((samples.bfloat16(), np.int64(16_000))), usual)
