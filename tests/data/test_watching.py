"""Videos of people become films: stretches that show a face, with what is read off it and the sound of that time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vasa import checkpoint
from vasa.cli import main
from vasa.config import instantiate, leaf
from vasa.data.clip import Clip, clips_in
from vasa.data.film import expression
from vasa.data.latents import Latents
from vasa.data.watching import Watcher, labels_of, videos_in
from vasa.face.reader import FaceReader
from vasa.face.reader_detector import SHIPPED, ReaderDetector
from vasa.face.reading import FaceReading
from vasa.media.picture import load_picture
from vasa.media.video import VideoWriter

HERE = Path(__file__).parent
CLICK = 30  # the frame in whose middle there is a click


def _video(path: Path, frames: Tensor, *, sound: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = torch.zeros(len(frames) * 640)
    samples[CLICK * 640 + 300 : CLICK * 640 + 340] = 0.9
    with VideoWriter(path, tuple(frames.shape[-2:]), sound=sound) as writer:  # type: ignore[arg-type]
        writer.write(frames, samples if sound else None)
    return path


def _show(*stretches: tuple[Tensor, int]) -> Tensor:
    return torch.cat([frame.expand(count, -1, -1, -1) for frame, count in stretches])


@pytest.fixture(scope="module")
def person() -> Tensor:
    """A picture [1, 3, 256, 256] with a face that fills most of it."""
    picture = load_picture(HERE / "person.png")
    return ReaderDetector.shipped()(picture).crop(picture, 256)[None]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory, person: Tensor) -> Path:
    """ann/one.mp4 shows a face, nothing, and the face again; ben/two.mp4 has no sound; ben/three.mp4 shows nobody."""
    folder, nobody = tmp_path_factory.mktemp("videos"), torch.full_like(person, 0.2)
    _video(folder / "ann" / "one.mp4", _show((nobody, 5), (person, 60), (nobody, 20), (person, 55), (nobody, 5)))
    _video(folder / "ben" / "two.mp4", _show((person, 60)), sound=False)
    _video(folder / "ben" / "three.mp4", _show((nobody, 60)))
    return folder


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, videos: Path) -> Path:
    film = tmp_path_factory.mktemp("film") / "film"
    assert main(["watch", str(videos), "-o", str(film), "--size", "96", "--held-out", "0", "--device", "cpu"]) == 0
    return film


def test_stretches_that_show_a_face_become_clips(film: Path) -> None:
    clips = clips_in(film)
    assert [clip.name for clip in clips] == ["ann_one-0000", "ann_one-0001"]
    assert [clip.facts["person"] for clip in clips] == ["ann", "ann"]
    assert 50 <= len(clips[0]) <= 60
    assert 50 <= len(clips[1]) <= 55
    assert clips[0].frames(slice(0, 2)).shape == (2, 3, 96, 96)
    assert all(len(clip.speech()) == 640 * len(clip) for clip in clips)


def test_sound_is_that_of_the_frames(film: Path) -> None:
    clip = clips_in(film)[0]
    loudest = int(clip.speech().abs().argmax()) // 640
    assert clip.facts["first_frame"] + loudest == pytest.approx(CLICK, abs=1)
    assert 5 <= clip.facts["first_frame"] <= 5 + 13


def test_every_frame_is_labelled_by_what_is_read_off_it(film: Path) -> None:
    clip = clips_in(film)[0]
    reader: FaceReader = checkpoint.load(SHIPPED)
    with torch.inference_mode():
        read = reader(clip.frames(slice(10, 11)).float() / 255)
    torch.testing.assert_close(clip.labels["pose"][10:11], read.pose, atol=0.05, rtol=0)
    sizes = {name: tuple(value.shape[1:]) for name, value in clip.labels.items()}
    assert sizes == {
        "pose": (6,), "gaze": (2,), "eyes": (2,), "blink": (2,), "arkit": (52,), "lip_opening": (),
        "emotion": (8,), "distance": (1,), "landmarks": (68, 2),
    }  # fmt: skip
    assert float(clip.labels["pose"][:, 3:].abs().max()) < 0.2  # the crop fits the face
    assert float(clip.labels["pose"].std(0).max()) < 0.03  # of a face that keeps still


def test_a_film_of_videos_is_extracted_like_any_other(film: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    for group in ("renderer", "audio"):
        checkpoint.save(tmp_path / group, instantiate(leaf(group, "tiny")), leaf(group, "tiny"))
    words = ["--renderer", str(tmp_path / "renderer"), "--audio", str(tmp_path / "audio"), "--mirror"]
    assert main(["extract", str(film), *words, "-o", str(tmp_path / "latents")]) == 0
    latents = Latents.load(tmp_path / "latents")
    assert len(latents.split("train")) == 4


def test_what_was_watched_is_not_watched_again(
    film: Path, videos: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    shards = {path: path.stat().st_mtime_ns for path in (film / "shards").glob("*.tar")}
    assert len(shards) == 3  # those of videos without a clip, too
    assert main(["watch", str(videos), "-o", str(film), "--size", "96", "--device", "cpu"]) == 0
    assert {path: path.stat().st_mtime_ns for path in shards} == shards
    assert "2 clips, 0.1 minutes of 1 people, of 3 videos" in capsys.readouterr().out
    assert main(["watch", str(videos), "-o", str(film), "--size", "128"]) == 2
    assert "another --size; name a new folder" in capsys.readouterr().err


def test_maps_of_places_are_not_there(film: Path) -> None:
    clip: Clip = clips_in(film)[0]
    for maps in (clip.place, clip.parts):
        with pytest.raises(ValueError, match="real video and has no maps of places"):
            maps(slice(0, 1))


def test_long_stretches_are_cut_and_short_ones_left_out(person: Tensor) -> None:
    watcher = Watcher(ReaderDetector.shipped(), checkpoint.load(SHIPPED), size=64, longest=60)

    def frames() -> Iterator[Tensor]:
        yield from _show((person, 60 + 55), (torch.zeros_like(person), 10), (person, 40))

    runs = list(watcher.runs(frames()))
    assert [(run.first, len(run)) for run in runs] == [(0, 60), (60, 55)]


def test_a_head_that_leaves_its_crop_begins_another(person: Tensor) -> None:
    watcher = Watcher(ReaderDetector.shipped(), checkpoint.load(SHIPPED), size=64, longest=100)
    wide = [torch.nn.functional.pad(person, (left, 300 - left, 40, 40), mode="replicate") for left in (0, 300)]
    runs = list(watcher.runs(_show((wide[0], 52), (wide[1], 52))))
    assert [len(run) for run in runs] == [52, 52]
    assert runs[1].crop.x_px - runs[0].crop.x_px == pytest.approx(300, abs=10)


def test_small_faces_are_left_out(person: Tensor) -> None:
    watcher = Watcher(ReaderDetector.shipped(), checkpoint.load(SHIPPED), size=640, longest=100)
    assert list(watcher.runs(_show((person, 55)))) == []


def test_eyes_are_told_in_the_head() -> None:
    """Eyes that look where the head points look straight ahead; a head that turns away from the camera leaves them."""
    pose = torch.zeros(3, 6)
    pose[1, 0] = pose[2, 1] = 0.3
    gaze = torch.tensor([[0.1, -0.05], [0.3, 0.0], [0.0, 0.0]])
    rows = torch.zeros(3, 52)
    reading = FaceReading(
        landmarks=torch.zeros(3, 68, 2), confidence=torch.ones(3, 68), pose=pose, gaze=gaze, blink=rows[:, :2],
        lip_opening=rows[:, 0], arkit=rows, emotion=rows[:, :8], identity=rows, face=torch.ones(3),
    )  # fmt: skip
    wanted = torch.tensor([[0.1, -0.05], [0.0, 0.0], [0.0, -0.3]])
    torch.testing.assert_close(labels_of(reading)["eyes"], wanted, atol=1e-4, rtol=0)
    torch.testing.assert_close(labels_of(reading)["distance"], torch.ones(3, 1))


def test_people_are_held_out_whole(tmp_path: Path) -> None:
    for person in range(40):
        for take in ("a", "b"):
            (tmp_path / f"p{person}").mkdir(exist_ok=True)
            (tmp_path / f"p{person}" / f"{take}.mp4").touch()
    split = {(video.person, video.split) for video in videos_in([tmp_path], held_out=0.3)}
    assert len(split) == 40
    assert math.isclose(sum(which == "test" for _, which in split) / 40, 0.3, abs_tol=0.2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.mp4"], "There is no nowhere.mp4"),
        (["."], "There is no video"),
        ([".", "--size", "30"], "--size is a multiple of 4"),
        ([".", "--seconds", "1"], "--seconds is 2 to 60"),
        ([".", "--held-out", "1"], "--held-out is a share"),
    ],
)
def test_bad_words_get_one_sentence(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["watch", *words, "-o", "film"]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "film").exists()


def test_watching_nothing_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video at all")
    assert main(["watch", str(tmp_path / "a.mp4"), "--device", "cpu", "-o", str(tmp_path / "film")]) == 2
    assert "None of these videos became a clip" in capsys.readouterr().err
    assert not (tmp_path / "film").exists()


def test_nobody_labelled_the_muscles_of_real_people() -> None:
    with pytest.raises(ValueError, match="name one of virtual people"):
        expression({"lip_opening": torch.zeros(3), "emotion": torch.zeros(3, 8)})


def test_a_damaged_video_keeps_nobody_waiting(
    videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    whole = (videos / "ann" / "one.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(whole[: len(whole) // 3])
    (tmp_path / "b.mp4").write_bytes(b"no video at all")
    (tmp_path / "c.mp4").write_bytes(whole)
    words = ["--size", "64", "--held-out", "0", "--device", "cpu", "-o", str(tmp_path / "film")]
    assert main(["watch", str(tmp_path), *words]) == 0
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if "a.mp4" in line]
    assert [line for line in told if "b.mp4" in line]
    assert not [line for line in told if "c.mp4" in line]
    assert [clip.name for clip in clips_in(tmp_path / "film")] == ["c-0000", "c-0001"]


def test_videos_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("a b.mp4", "a_b.mp4"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match="stand for several: a_b"):
        videos_in([tmp_path], held_out=0.1)
