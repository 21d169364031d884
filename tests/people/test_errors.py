"""What goes wrong is said in one sentence, and leaves nothing half done."""

from __future__ import annotations

import json
import queue
import struct
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.people.test_paired import FILES, Speaker
from vasa.data.shards import beside, samples
from vasa.people import crew, espeak, film, scene, voices
from vasa.people.clip import pack_clip
from vasa.people.film import Plan
from vasa.people.scene import Filmed
from vasa.people.speech_source import SpeechSource


def _glb(scene_json: bytes, *, claimed: int = 0) -> bytes:
    scene_json += b" " * (-len(scene_json) % 4)
    body = struct.pack("<I4s", len(scene_json), b"JSON") + scene_json + struct.pack("<I4s", 0, b"BIN\0")
    return b"glTF" + struct.pack("<II", 2, claimed or 12 + len(body)) + body


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"RIFF and more than twenty bytes", "not a binary glTF"),
        (_glb(b"{}", claimed=5000), "cut off"),
        (_glb(b"{nodes"), "damaged"),
        (_glb(b"{}"), "damaged"),
        (_glb(b'{"nodes": [{"mesh": 0, "skin": 3}], "meshes": [], "skins": []}'), "damaged"),
    ],
)
def test_a_broken_avatar_is_named(tmp_path: Path, data: bytes, reason: str) -> None:
    pytest.importorskip("meshoptimizer", reason="needs the extra people")
    from vasa.people.loading import build

    path = tmp_path / "broken.glb"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"broken\.glb.*{reason}") as caught:
        build(path, 64)
    assert str(caught.value).endswith(".")


def test_an_avatar_without_the_shapes_is_named(avatars: Path, tmp_path: Path) -> None:
    pytest.importorskip("meshoptimizer", reason="needs the extra people")
    from vasa.people.loading import build

    path = tmp_path / "stiff.glb"
    path.write_bytes(sorted(avatars.glob("*.glb"))[0].read_bytes().replace(b"MouthOpen", b"MouthXpen"))
    with pytest.raises(ValueError, match=r"stiff\.glb lacks blendshapes like MouthOpen"):
        build(path, 64)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise RuntimeError("eglInitialize failed")

    monkeypatch.setattr(scene.moderngl, "create_standalone_context", refuse)
    with pytest.raises(ValueError, match=r"No off-screen OpenGL 3\.3 driver.*apt-get install"):
        scene.Stage(size=32)


def test_a_missing_espeak_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(espeak.ctypes, "CDLL", refuse)
    assert not espeak.available()
    with pytest.raises(espeak.EspeakError, match="apt-get install espeak-ng"):
        espeak.speak("Hello.", voice="en", words_per_minute=150, pitch=50, pitch_range=50, seed=0)


def test_missing_programs_are_named_before_anything_is_filmed(
    monkeypatch: pytest.MonkeyPatch, avatars: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(voices, "flite_available", lambda: False)
    monkeypatch.setattr(espeak, "available", lambda: True)
    with pytest.raises(FileNotFoundError, match=r"^The voices need flite; .*apt-get install flite"):
        film.film(Plan(tmp_path / "film", avatars, people=1, clips=1, size=32, seed=0))
    assert not (tmp_path / "film").exists()


def test_a_worker_sends_its_mistake_as_a_sentence(avatars: Path, tmp_path: Path) -> None:
    plan = Plan(tmp_path / "film", avatars, people=1, clips=1, size=32, seed=0, recordings=tmp_path)
    heard: Any = queue.Queue()
    crew._run(film._work, plan, [0], heard)
    assert "has no alignment.json" in heard.get_nowait()


def _bound(plan: Plan, index: int) -> None:
    """Film a clip of two grey frames, and bind its shard if that is whole."""
    made = plan.script(index, FILES, SpeechSource((Speaker(),), ()))
    filmed = Filmed(*(np.zeros(shape, np.uint8) for shape in ((2, 8, 8, 3), (2, 5, 2, 2), (2, 4, 4))))
    with beside(plan.piece(index)) as file:
        file.write(pack_clip(index, made, filmed, {"pose": np.zeros((2, 6))}))
    film._bind(plan, index // film.SHARD_CLIPS)


def _there(plan: Plan) -> list[str]:
    return sorted(str(path.relative_to(plan.folder)) for path in plan.folder.rglob("*") if path.is_file())


def test_a_full_disk_leaves_no_half_shard_and_filming_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(tmp_path, tmp_path, people=1, clips=2, size=8, seed=0, paired=True)

    def fill(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    _bound(plan, 0)
    with monkeypatch.context() as patched:
        patched.setattr(tarfile.TarInfo, "tobuf", fill)
        with pytest.raises(
            ValueError, match=r"000001\.tar cannot be written.*No space left.*run the same command again"
        ):
            _bound(plan, 1)
    assert _there(plan) == ["shards/.000000/000000.tar"]
    assert plan.missing() == [1]
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", fill)
        with pytest.raises(ValueError, match=r"000000\.tar cannot be written"):
            _bound(plan, 1)
    assert _there(plan) == ["shards/.000000/000000.tar", "shards/.000000/000001.tar"]
    film._bind(plan, 0)
    assert _there(plan) == ["shards/000000.json", "shards/000000.tar"]
    assert plan.missing() == []


def test_a_longer_film_keeps_what_was_filmed(tmp_path: Path) -> None:
    short = Plan(tmp_path, tmp_path, people=1, clips=2, size=8, seed=0, paired=True)
    for index in (1, 0):
        _bound(short, index)
    before = short.shard(0).read_bytes()
    longer = replace(short, clips=3)
    assert longer.missing() == [2]
    _bound(longer, 2)
    assert longer.shard(0).read_bytes().startswith(before[:-1024])
    assert [sample.key for sample in samples(tmp_path / "shards")] == ["000000", "000001", "000002"]


def test_a_film_of_another_kind_is_not_gone_on_with(tmp_path: Path) -> None:
    plan = Plan(tmp_path, tmp_path, people=2, clips=2, size=32, seed=0)
    film._claim(plan)
    film._claim(replace(plan, clips=4))
    others: list[dict[str, Any]] = [{"sensor": True}, {"paired": True}, {"clip_s": 3.0}, {"split": "test"}]
    for other in others:
        with pytest.raises(ValueError, match=r"another film.*differs in (sensor|paired|clip_seconds|split)"):
            film._claim(replace(plan, **other))
    note = json.loads((tmp_path / "film.json").read_text())
    (tmp_path / "film.json").write_text(json.dumps(note | {"version": 1}))
    with pytest.raises(ValueError, match=r"another film \(version 1.*differs in version"):
        film._claim(plan)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"people": 3}, "2 clips cannot show 3 people"),
        ({"people": 0}, "at least one"),
        ({"clip_s": 0.5}, "at least 1 s; got 0.5"),
        ({"paired": True, "split": "train"}, "leave out split and directed"),
        ({"split": "some"}, "one of all, train, test; got 'some'"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(Plan(Path("film"), Path("avatars"), people=2, clips=2, size=32, seed=0), **change)
