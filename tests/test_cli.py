from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import warnings
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from skimage.data import astronaut

from vasa import Pipeline, store
from vasa.cli import main
from vasa.cli.bench_renderer import work
from vasa.config import leaf
from vasa.face.detector import UnsureFace
from vasa.media.sound import has_sound, load_sound
from vasa.media.video import VideoReader, VideoWriter

RATE = 16_000


@pytest.fixture(scope="module")
def desk(tmp_path_factory, pipe):
    """A folder with a tiny model and things to animate, good and bad."""
    folder = tmp_path_factory.mktemp("desk")
    pipe.save_pretrained(folder / "model")
    whole = Image.fromarray(astronaut())
    whole.crop((80, 0, 360, 280)).save(folder / "face.png")
    whole.resize((60, 60)).save(folder / "small.png")
    Image.new("RGB", (200, 200), "grey").save(folder / "nobody.png")
    speech = 0.1 * np.random.default_rng(0).standard_normal(RATE + 100)
    soundfile.write(folder / "speech.wav", speech, RATE)
    soundfile.write(folder / "short.wav", speech[:6400], RATE)
    soundfile.write(folder / "empty.wav", speech[:0], RATE)
    soundfile.write(folder / "nan.wav", np.where(np.arange(len(speech)) == 9000, np.nan, speech), RATE, subtype="FLOAT")
    (folder / "text.wav").write_text("not a sound")
    (folder / "text.png").write_text("not a picture")
    with VideoWriter(folder / "silent.mp4", (64, 64), sound=False) as writer:
        writer.write(torch.rand(5, 3, 64, 64))
    damaged = shutil.copytree(folder / "model", folder / "damaged")
    weights = load_file(damaged / "motion" / "model.safetensors")
    weights.pop(sorted(weights)[0])
    save_file(weights, damaged / "motion" / "model.safetensors")
    return folder


@pytest.fixture
def run(desk, tmp_path, capsys):
    """Run a command with names of things on the desk; gives the exit code, the last line, and what it complained of."""

    def run(*words: str) -> tuple[int, str, str]:
        places = [str(desk / w) if (desk / w).exists() else w.replace("OUT", str(tmp_path)) for w in words]
        code = main(places)
        said = capsys.readouterr()
        return code, said.out.strip().rpartition("\n")[2], said.err

    return run


def test_animate_writes_as_many_frames_as_the_sound_has(run, tmp_path):
    code, last, _ = run("animate", "face.png", "speech.wav", "-o", "OUT/talk.mp4", "--model", "model", "--seed", "3")
    assert code == 0
    assert re.search(r"Wrote .*talk\.mp4: \d+x\d+, 26 frames, 1\.04 s, in .* s \(.* frames a second\)\.", last)
    assert len([*VideoReader(tmp_path / "talk.mp4")]) == 26
    assert abs(len(load_sound(tmp_path / "talk.mp4")) - 26 * 640) <= 2048  # AAC comes in blocks
    assert [p.name for p in tmp_path.iterdir()] == ["talk.mp4"]


def test_animate_is_deterministic_and_options_count(run, tmp_path):
    def pixels(*options: str) -> torch.Tensor:
        words = "animate", "face.png", "short.wav", "-o", "OUT/talk.mp4", "--model", "model", "--no-paste"
        assert run(*words, *options)[0] == 0
        return torch.stack([*VideoReader(tmp_path / "talk.mp4")])

    plain = pixels()
    assert torch.equal(pixels(), plain)
    options = (
        ["--seed", "1"],
        ["--gaze", "30", "0"],
        ["--pose", "0", "20", "0"],
        ["--distance", "2"],
        ["--emotion", "happiness"],
        ["--emotion", "Happiness:0.5"],
    )
    for option in options:
        assert not torch.equal(pixels(*option), plain), option


def test_reenact_follows_a_video_with_its_sound(run, tmp_path):
    with VideoWriter(tmp_path / "driving.mp4", (280, 280)) as writer:
        face = torch.from_numpy(astronaut()[:280, 80:360].copy()).permute(2, 0, 1) / 255
        writer.write(face.expand(7, -1, -1, -1), torch.zeros(7 * 640))
    code, last, _ = run("reenact", "face.png", "OUT/driving.mp4", "-o", "OUT/again.mp4", "--model", "model")
    assert code == 0
    assert ", 7 frames," in last
    assert has_sound(tmp_path / "again.mp4")


def test_info_counts_parameters(run):
    assert run("info", "--model", "model")[0] == 0
    assert run("info", "--renderer", "tiny")[0] == 0


MISTAKES = {
    "no such picture": (["nowhere.png", "speech.wav"], "There is no file"),
    "no such sound": (["face.png", "nowhere.wav"], "There is no file"),
    "not a picture": (["text.png", "speech.wav"], "is not a picture"),
    "no face": (["nobody.png", "speech.wav"], "No face was found"),
    "a small face": (["small.png", "speech.wav"], "No face was found|pixels wide"),
    "not a sound": (["face.png", "text.wav"], "neither a sound nor a video"),
    "no samples": (["face.png", "empty.wav"], "is 0 s long"),
    "a silent video": (["face.png", "silent.mp4"], "has no sound track"),
    "NaN": (["face.png", "nan.wav"], "NaN"),
    "weights that do not fit": (["face.png", "speech.wav", "--model", "damaged"], "do not fit their configuration"),
    "an unknown model": (["face.png", "speech.wav", "--model", "nobody"], "no model named 'nobody'; there are:"),
    "a folder that is no model": (["face.png", "speech.wav", "--model", "."], "is no pipeline"),
    "no strength": (["face.png", "speech.wav", "--emotion", "anger:very"], "NAME:STRENGTH"),
    "an unknown emotion": (["face.png", "speech.wav", "--emotion", "envy"], "there are: anger"),
    "a wild angle": (["face.png", "speech.wav", "--gaze", "0", "200"], "-90 to 90"),
    "no distance": (["face.png", "speech.wav", "--distance", "0"], "--distance is 0.2"),
    "a negative seed": (["face.png", "speech.wav", "--seed", "-1"], "A seed is 0 or more"),
    "a seed too large": (["face.png", "speech.wav", "--seed", str(10**20)], "at most 62 bits"),
    "a voice alone": (["face.png", "speech.wav", "--model", "joyvasa"], "has no renderer"),
    "a published renderer alone": (["face.png", "speech.wav", "--model", "liveportrait"], "has no voice"),
    "an unknown device": (["face.png", "speech.wav", "--device", "abacus"], "no kind of device"),
}


def test_a_warning_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr("vasa.cli.info.run", lambda _: warnings.warn(UnsureFace(0.7), stacklevel=2))
    assert main(["info"]) == 0
    assert capsys.readouterr().err == f"vasa: {UnsureFace(0.7)}\n"


@pytest.mark.parametrize(("words", "complaint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence_and_nothing_written(run, desk, tmp_path, words, complaint):
    model = [] if "--model" in words else ["--model", "model"]
    before = sorted(desk.rglob("*"))
    code, out, err = run("animate", *words, "-o", "OUT/talk.mp4", *model)
    assert (code, out) == (2, "")
    assert re.fullmatch(rf"vasa: .*({complaint}).*\n", err), err
    assert not [*tmp_path.iterdir()]
    assert sorted(desk.rglob("*")) == before


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        ("OUT/missing/talk.mp4", "There is no folder"),
        ("OUT/talk.avi", "end in .mp4"),
        ("OUT", "is a folder|end in .mp4"),
        ("speech.wav", "end in .mp4"),
        ("silent.mp4", "is also an input"),
    ],
)
def test_a_wrong_output_is_refused_before_anything(run, tmp_path, output, complaint):
    code, _, err = run("animate", "face.png", "silent.mp4", "-o", output, "--model", "model")
    assert code == 2
    assert re.search(complaint, err)
    assert not [*tmp_path.iterdir()]


def test_a_command_that_is_ended_leaves_nothing_half_done(run, tmp_path, monkeypatch):
    def end(self, frames, samples=None):
        self._container.start_encoding()
        assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(VideoWriter, "write", end)
    before = signal.getsignal(signal.SIGTERM)
    code, _, err = run("animate", "face.png", "short.wav", "-o", "OUT/talk.mp4", "--model", "model")
    assert (code, err) == (130, "vasa: stopped.\n")
    assert not [*tmp_path.iterdir()]
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_full_disk_is_seen_before_computing(run, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**9, 10**9, 1000))
    code, _, err = run("animate", "face.png", "speech.wav", "-o", "OUT/talk.mp4", "--model", "model")
    assert code == 2
    assert "make room or choose another folder" in err
    assert not [*tmp_path.iterdir()]


def test_a_failure_while_writing_leaves_nothing(run, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "talk.mp4")

    monkeypatch.setattr(VideoWriter, "write", full)
    code, _, err = run("animate", "face.png", "speech.wav", "-o", "OUT/talk.mp4", "--model", "model")
    assert (code, err) == (2, "vasa: talk.mp4: No space left on device.\n")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("animate", "face.png", "speech.wav", "--eyes", "wide"), "--eyes takes a number from 0 to 1, height"),
        (("animate", "face.png", "speech.wav", "--lips", "2"), "Opening.lips is the height of an opening"),
        (("animate", "face.png", "speech.wav", "--close-lips"), "VolumeRenderer cannot open eyes and lips by measure"),
        (("reenact", "face.png", "silent.mp4", "--eyes", "seen"), "VolumeRenderer cannot open eyes and lips"),
    ],
)
def test_eyes_and_lips_open_by_measure_where_the_renderer_can(run, tmp_path, words, complaint):
    code, _, err = run(*words, "-o", "OUT/talk.mp4", "--model", "model")
    assert code == 2
    assert complaint in err
    assert not [*tmp_path.iterdir()]


def test_published_renderers_are_listed_with_what_they_compute():
    listed = [float(work(leaf("renderer", name))["GFLOP a frame"]) for name in ("fast", "paper", "liveportrait")]
    assert sorted(listed) == listed


def test_renderers_are_timed_beside_each_other(run, monkeypatch):
    tables = []
    monkeypatch.setattr("vasa.cli.bench_renderer.show", lambda table, _: tables.append(table))
    words = ("bench", "--model", "model", "--device", "cpu", "renderer", "--renderer", "tiny", "--frames", "1")
    assert run(*words, "--batch", "1", "2")[0] == 0
    model, random = tables[0].values()
    assert list(tables[0])[1] == "tiny, random weights"
    assert list(model) == list(random)
    assert {"picture", "float32 x 1", "float32 x 2"} <= set(model)
    assert model["picture"] == random["picture"] == "32 px"
    assert model["GFLOP a frame"] == random["GFLOP a frame"]
    assert all(float(cell) > 0 for column, cell in random.items() if column != "picture")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("renderer", "--frames", "0"), "at least 1"),
        (("renderer", "--batch", "8", "0"), "at least 1"),
        (("--seconds", "3", "renderer"), "leave out --seconds"),
        (("--sessions", "2", "renderer"), "leave out --seconds"),
        (("renderer", "--renderer", "huge"), "There is no renderer named 'huge'; there are: fast, fast128, "),
    ],
)
def test_what_cannot_be_timed_is_said_before(run, words, complaint):
    code, _, err = run("bench", "--model", "model", "--device", "cpu", *words)
    assert code == 2
    assert complaint in err


def test_parts_are_joined_to_a_model_that_speaks(run, desk, tmp_path):
    parts = [word for part in ("renderer", "motion", "audio") for word in (f"--{part}", str(desk / "model" / part))]
    code, last, _ = run("join", *parts, "--half", "-o", "OUT/joined")
    assert (code, last) == (0, f"Wrote {tmp_path / 'joined'}: renderer, motion, audio.")
    weights = load_file(tmp_path / "joined" / "motion" / "model.safetensors")
    assert torch.float16 in {value.dtype for value in weights.values()}
    assert run("animate", "face.png", "short.wav", "-o", "OUT/a.mp4", "--model", str(tmp_path / "joined"))[0] == 0
    code, _, err = run("join", *parts, "-o", "OUT/joined")
    assert code == 2
    assert "is already there" in err


def test_what_joins_a_models_parts_comes_along(run, desk, tmp_path):
    own = shutil.copytree(desk / "model", tmp_path / "own")
    (own / "pipeline.yaml").write_text("video_transfer:\n  _target_: vasa.transfer.KeepPlace\n  origin: [0.1, 0, 0]\n")
    assert run("join", "--renderer", str(own / "renderer"), "-o", "OUT/joined")[0] == 0
    assert Pipeline.from_pretrained(tmp_path / "joined").video_transfer.origin == [0.1, 0, 0]


def test_parts_that_do_not_go_together_are_not_joined(run, desk, tmp_path):
    renderer, audio = (str(desk / "model" / part) for part in ("renderer", "audio"))
    code, _, err = run("join", "--renderer", renderer, "--audio", audio, "-o", "OUT/x")
    assert code == 2
    assert "go together" in err
    assert not (tmp_path / "x").exists()


def test_help_is_quick_and_lists_commands():
    code = "import sys; from vasa.cli import parser; print(parser().format_help()); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *text, loaded = done.stdout.strip().splitlines()
    assert loaded == "False"
    assert all(name in "\n".join(text) for name in ("demo", "animate", "reenact", "info", "bench", "train", "export"))


@pytest.mark.skipif("mini" not in store.names(), reason="no shipped weights in this checkout")
def test_the_demo_is_a_talking_face(run, tmp_path):
    code, last, _ = run("demo", "-o", "OUT/demo.mp4")
    assert code == 0
    assert float(re.search(r"\((.*) frames a second", last)[1]) > 1
    assert Path(tmp_path / "demo.mp4").stat().st_size > 10_000
