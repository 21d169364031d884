"""What goes wrong is said in one sentence, and leaves nothing half done."""

from __future__ import annotations

import json
import os
import queue
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.people.test_paired import FILES, Speaker
from vasa.people import espeak, film, scene
from vasa.people.clip import sweep, write_clip
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
    from vasa.people.rigging import build

    path = tmp_path / "broken.glb"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"broken\.glb.*{reason}") as caught:
        build(path, 64)
    assert str(caught.value).endswith(".")


def test_an_avatar_without_the_shapes_is_named(avatars: Path, tmp_path: Path) -> None:
    pytest.importorskip("meshoptimizer", reason="needs the extra people")
    from vasa.people.rigging import build

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


def test_a_worker_sends_its_mistake_as_a_sentence(avatars: Path, tmp_path: Path) -> None:
    plan = Plan(tmp_path / "film", avatars, people=1, clips=1, size=32, seed=0, recordings=tmp_path)
    done: Any = queue.Queue()
    film._work(plan, [0], done)
    assert "has no alignment.json" in done.get_nowait()


def _clip(plan: Plan) -> tuple[Any, Filmed, dict[str, np.ndarray]]:
    made = plan.script(0, FILES, SpeechSource((Speaker(),), ()))
    return made, Filmed(np.zeros((2, 8, 8, 3)), np.zeros((2, 5, 2, 2)), np.zeros((2, 4, 4))), {"pose": np.zeros((2, 6))}


def test_a_full_disk_leaves_no_half_clip_and_filming_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(tmp_path, tmp_path, people=1, clips=2, size=8, seed=0, paired=True)
    clip = _clip(plan)
    saved = np.save

    def fill(path: Path, values: np.ndarray) -> None:
        if path.name == "place.npy":
            raise OSError(28, "No space left on device")
        saved(path, values)

    with monkeypatch.context() as patched:
        patched.setattr(np, "save", fill)
        with pytest.raises(ValueError, match=r"000000 cannot be written.*No space left.*run the same command again"):
            write_clip(plan.clip(0), *clip)
    assert not list((tmp_path / "clips").iterdir())
    write_clip(plan.clip(0), *clip)
    assert [path.name for path in (tmp_path / "clips").iterdir()] == ["000000"]


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    left, mine = tmp_path / ".000001.4194999", tmp_path / f".000002.{os.getpid()}"
    for folder in (left, mine, tmp_path / "000003"):
        folder.mkdir()
        (folder / "frames.npy").write_bytes(b"half")
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [mine.name, "000003"]


def test_a_film_of_another_kind_is_not_gone_on_with(tmp_path: Path) -> None:
    common = {"avatars": tmp_path, "people": 2, "clips": 1, "size": 32, "seed": 0}
    film._claim(Plan(tmp_path, **common))
    film._claim(Plan(tmp_path, **common))
    with pytest.raises(ValueError, match=r"another film.*differs in sensor"):
        film._claim(Plan(tmp_path, **common, sensor=True))
    with pytest.raises(ValueError, match=r"another film.*differs in paired"):
        film._claim(Plan(tmp_path, **common, paired=True))
    note = json.loads((tmp_path / "film.json").read_text())
    (tmp_path / "film.json").write_text(json.dumps(note | {"version": 1}))
    with pytest.raises(ValueError, match=r"another film \(version 1.*differs in version"):
        film._claim(Plan(tmp_path, **common))
