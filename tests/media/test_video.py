"""Videos keep sound and picture together, say that they are synthetic, and never leave half a file."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from fractions import Fraction

import av
import pytest
import torch
from torch.nn import functional as F

from vasa.clock import CLOCK, Clock
from vasa.media.sound import load_sound
from vasa.media.video import SYNTHETIC, VideoReader, VideoWriter


def soft_picture(height, width, seed=0):
    colours = torch.rand(1, 3, 5, 5, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(colours, (height, width), mode="bilinear")[0]


def write(path, frames, samples, step=7):
    with VideoWriter(path, tuple(frames.shape[-2:])) as writer:
        for start in range(0, len(frames), step):
            part = frames[start : start + step]
            writer.write(part, samples[CLOCK.samples(start) :][: CLOCK.samples(len(part))])


@pytest.mark.parametrize("size", [(64, 96), (63, 95)])
def test_round_trip_keeps_picture_and_time(tmp_path, size):
    frames = soft_picture(*size).repeat(60, 1, 1, 1)
    frames[25] = 1 - frames[25]  # one frame's flash, and a click with it
    samples = torch.zeros(CLOCK.samples(60))
    samples[CLOCK.samples(25)] = 0.9
    write(tmp_path / "a.mp4", frames, samples)

    reader = VideoReader(tmp_path / "a.mp4")
    seen = torch.stack(list(reader))
    assert reader.fps == 25
    assert reader.size == (64, 96)
    assert len(seen) == 60
    seen = seen[..., : size[0], : size[1]]
    assert (seen - frames).square().mean() < 10**-3.2
    flash = (seen - seen[0]).abs().mean((1, 2, 3)).argmax()
    sound = load_sound(tmp_path / "a.mp4")
    assert flash == 25
    assert abs(len(sound) - len(samples)) <= 1024
    assert abs(int(sound.abs().argmax()) - CLOCK.samples(25)) <= 16


def test_file_is_h264_and_aac_fast_to_start_and_says_synthetic(tmp_path):
    write(tmp_path / "a.mp4", torch.rand(10, 3, 32, 32), torch.zeros(6400))
    with av.open(str(tmp_path / "a.mp4")) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, sound.codec_context.name) == ("h264", "aac")
        assert (video.average_rate, sound.rate, video.frames) == (25, 16_000, 10)
        assert container.metadata["title"] == SYNTHETIC
        assert abs(sound.duration * sound.time_base - video.duration * video.time_base) < 0.04
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.find(b"moov") < content.find(b"mdat")


@pytest.mark.parametrize(("rate", "count"), [(25, 50), (50, 100), (30, 60), (12.5, 25)])
def test_reader_resamples_to_the_clock(tmp_path, rate, count):
    """Brightness grows with time; on the clock it does so at the same speed whatever the file's rate."""
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=int(2 * rate))
        stream.codec_context.time_base = 1 / Fraction(rate)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for n in range(count):
            grey = torch.full((32, 32, 3), 40 + 80 * n / rate, dtype=torch.uint8)
            frame = av.VideoFrame.from_ndarray(grey.numpy(), format="rgb24")
            frame.pts, frame.time_base = n, 1 / Fraction(rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    seen = torch.stack(list(VideoReader(tmp_path / "a.mp4"))).mean((1, 2, 3)) * 255
    assert len(seen) == 50
    expected = 40 + 80 * torch.arange(50) / 25
    assert (seen - expected).abs().max() < 80 * 0.5 / min(rate, 25) + 3


def test_iterating_twice_gives_the_same(tmp_path):
    write(tmp_path / "a.mp4", torch.rand(5, 3, 32, 32), torch.zeros(3200))
    reader = VideoReader(tmp_path / "a.mp4")
    torch.testing.assert_close(torch.stack(list(reader)), torch.stack(list(reader)))


def test_other_clocks_work(tmp_path):
    clock = Clock(sample_rate=48_000, frame_rate=50)
    with VideoWriter(tmp_path / "a.mp4", (32, 32), clock) as writer:
        writer.write(torch.rand(10, 3, 32, 32), torch.zeros(9600))
    assert len(list(VideoReader(tmp_path / "a.mp4", clock))) == 10


def test_nothing_is_left_after_an_error(tmp_path):
    def fail():
        with VideoWriter(tmp_path / "a.mp4", (32, 32)) as writer:
            writer.write(torch.rand(5, 3, 32, 32), torch.zeros(3200))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with pytest.raises(ValueError, match="No frame"), VideoWriter(tmp_path / "a.mp4", (32, 32)):
        pass
    assert not list(tmp_path.iterdir())


def test_an_older_file_survives_a_failed_run(tmp_path):
    write(tmp_path / "a.mp4", torch.rand(5, 3, 32, 32), torch.zeros(3200))
    before = (tmp_path / "a.mp4").read_bytes()
    with pytest.raises(KeyError), VideoWriter(tmp_path / "a.mp4", (32, 32)):
        raise KeyError
    assert (tmp_path / "a.mp4").read_bytes() == before


def test_callers_mistakes_are_plain_sentences(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        VideoWriter(tmp_path / "none" / "a.mp4", (32, 32))
    with pytest.raises(ValueError, match=r"end in \.mp4"):
        VideoWriter(tmp_path / "a.avi", (32, 32))
    with VideoWriter(tmp_path / "a.mp4", (32, 32)) as writer:
        for frames, samples, words in [
            (torch.rand(2, 3, 32, 30), torch.zeros(1280), "takes frames"),
            (torch.rand(2, 3, 32, 32), torch.zeros(1279), "take samples"),
            (torch.rand(2, 3, 32, 32), None, "sound=True"),
        ]:
            with pytest.raises(ValueError, match=words):
                writer.write(frames, samples)
        writer.write(torch.rand(2, 3, 32, 32), torch.zeros(1280))
    (tmp_path / "text.mp4").write_text("not a video")
    whole = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[:400])
    for name in ("text.mp4", "half.mp4"):
        with pytest.raises(ValueError, match=r"neither a sound nor a video|damaged"):
            VideoReader(tmp_path / name)


def run(code, folder):
    """Run code in a fresh interpreter inside a folder; returns what it printed."""
    script = "import resource, torch\nfrom vasa.media.video import VideoReader, VideoWriter\n" + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("limit", [20_000, 200_000])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, limit):
    printed = run(
        f"""
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        try:
            with VideoWriter("a.mp4", (128, 128)) as writer:
                for _ in range(40):
                    writer.write(torch.rand(2, 3, 128, 128), torch.rand(1280) - 0.5)
        except OSError as error:
            print(error)
        """,
        tmp_path,
    )
    assert "could not be written" in printed
    assert "\n" not in printed
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_length(tmp_path):
    peaks = run(
        """
        torch.set_num_threads(1)
        for seconds in (4, 60):
            with VideoWriter("a.mp4", (64, 64)) as writer:
                for second in range(seconds):
                    writer.write(torch.rand(25, 3, 64, 64), torch.rand(16000) - 0.5)
            assert sum(1 for _ in VideoReader("a.mp4")) == 25 * seconds
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        """,
        tmp_path,
    )
    short, long = map(int, peaks.split())
    assert long - short < 20_000  # kilobytes


def test_pictures_without_times_are_shown_evenly(tmp_path):
    frames = soft_picture(64, 64).repeat(30, 1, 1, 1) * torch.linspace(0, 1, 30)[:, None, None, None]
    write(tmp_path / "a.mp4", frames, torch.zeros(CLOCK.samples(30)))
    with av.open(str(tmp_path / "a.mp4")) as source, av.open(str(tmp_path / "a.h264"), "w", format="h264") as bare:
        stream = bare.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                bare.mux(packet)
    read = torch.stack(list(VideoReader(tmp_path / "a.h264", Clock(16_000, 25))))
    assert len(read) == 30
    torch.testing.assert_close(read.mean((1, 2, 3)), frames.mean((1, 2, 3)), atol=0.02, rtol=0)
