"""Heads with ARKit's blendshapes become avatars like any other."""

from __future__ import annotations

import os
import re
import tarfile
from pathlib import Path, PurePath

import numpy as np
import pytest

from tests.people.arkit_glb import Part, write_glb
from vasa.face.arkit import ARKIT
from vasa.people.avatar import EXPRESSION_INDEX, EYE_FRONT, Avatar, load_avatar
from vasa.people.facekit import LANDMARKS
from vasa.people.landmarks import anchors, typical
from vasa.people.rig import face, lip_opening
from vasa.people.visemes import CLOSED, VISEMES, shape

pytest.importorskip("meshoptimizer", reason="needs the extra people")
_RANGES = {
    "Head": (0, 14062), "Tongue": (14062, 17039), "Teeth_upper": (17039, 19247), "Teeth_lower": (19247, 21451),
    "Eye_left": (21451, 22221), "Eye_right": (23021, 23791),
}  # fmt: skip
_ONE_SIDED = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")


def _facekit() -> dict[str, bytes]:
    beside = Path(__file__).parents[2].parent / "shared"
    packed = Path(os.environ.get("VASA_SHARED", beside)) / "data" / "people" / "facekit.tar.xz"
    if not packed.is_file():
        pytest.skip("FaceKit is not at hand; set VASA_SHARED to the folder that holds data/people/facekit.tar.xz")
    found = {}
    with tarfile.open(packed) as files:
        for member in files:
            stem = PurePath(member.name).stem
            content = files.extractfile(member) if member.name.endswith(".obj") and "identity" not in stem else None
            if content is not None:
                found[stem] = content.read()
    return found


def _points(content: bytes) -> np.ndarray:
    return np.array([line.split()[1:4] for line in content.splitlines() if line.startswith(b"v ")], np.float64)


def _triangles(content: bytes) -> np.ndarray:
    rows = [line.split()[1:] for line in content.splitlines() if line.startswith(b"f ")]
    faces = [[int(corner.split(b"/")[0]) - 1 for corner in row] for row in rows]
    return np.array([[f[0], f[i], f[i + 1]] for f in faces for i in range(1, len(f) - 1)])


def _motion(heads: dict[str, np.ndarray], name: str) -> np.ndarray:
    neutral = heads["generic_neutral_mesh"]
    if name in ("browInnerUp", "cheekPuff"):
        return heads[f"{name}_L"] + heads[f"{name}_R"] - 2 * neutral
    file = name if name in _ONE_SIDED else re.sub("Right$", "_R", re.sub("Left$", "_L", name))
    return heads[file] - neutral


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """FaceKit's head as a .glb file, and where its landmarks are in its own units."""
    files = _facekit()
    heads = {name: _points(content) for name, content in files.items()}
    triangles, neutral = _triangles(files["generic_neutral_mesh"]), heads["generic_neutral_mesh"]
    motion = {name: _motion(heads, name) for name in ARKIT if name != "tongueOut"}
    parts = []
    for name, (start, end) in _RANGES.items():
        inside = triangles[((triangles >= start) & (triangles < end)).all(1)] - start
        parts.append(Part(name, neutral[start:end], inside, {n: m[start:end] for n, m in motion.items()}))
    return write_glb(tmp_path_factory.mktemp("kit") / "Kit_F_1_x.glb", parts), neutral[list(LANDMARKS)]


@pytest.fixture(scope="module")
def avatar(kit: tuple[Path, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Avatar:
    return load_avatar(kit[0], texture_px=64, cache=tmp_path_factory.mktemp("cache"))


def test_it_stands_in_the_canonical_frame(avatar: Avatar) -> None:
    assert avatar.points[avatar.kind == 1, 2].max() == pytest.approx(EYE_FRONT, abs=1e-4)
    assert avatar.joints[2, 0] == pytest.approx(-avatar.joints[3, 0], abs=0.01)
    assert avatar.joints[2, 0] > 0.1
    assert {int(kind) for kind in np.unique(avatar.kind)} == {0, 1, 2, 3}


def test_its_landmarks_are_found_by_shape(avatar: Avatar, kit: tuple[Path, np.ndarray]) -> None:
    found = avatar.points[anchors(avatar).vertices[:, 0]]
    truth = kit[1] - kit[1].mean(0)
    scale = np.linalg.norm(found - found.mean(0)) / np.linalg.norm(truth)
    apart = np.linalg.norm(found - found.mean(0) - scale * truth, axis=1)
    between_eyes = np.linalg.norm(found[36] - found[45])
    assert apart[17:].mean() < 0.06 * between_eyes  # the jaw's line is a matter of taste
    assert np.linalg.norm(found - typical(), axis=1).mean() < 0.05


def test_it_speaks_and_blinks(avatar: Avatar) -> None:
    wide, shut = (lip_opening(avatar, face(avatar, shape(s)[None])[0])[0] for s in (VISEMES["AA"][0], CLOSED))
    assert wide > 0.1
    assert abs(shut) < 0.02
    lids = anchors(avatar).vertices[:, 0]
    closed = face(avatar, shape({"ReyeClose": 1, "LeyeClose": 1})[None])[0][0]
    still = avatar.points[lids]
    before, after = still[[37, 44], 1] - still[[41, 46], 1], closed[lids[[37, 44]], 1] - closed[lids[[41, 46]], 1]
    assert np.all(after < 0.35 * before)


def _small(shapes: tuple[str, ...]) -> list[Part]:
    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    moved = {name: np.full((3, 3), 0.1) for name in shapes}
    return [Part("Head", points, np.array([[0, 1, 2]]), moved)]


def test_missing_shapes_are_listed(tmp_path: Path) -> None:
    from vasa.people.loading import build

    path = write_glb(
        tmp_path / "poor.glb", _small(tuple(n for n in ARKIT if n not in ("eyeBlinkRight", "mouthFunnel")))
    )
    with pytest.raises(ValueError, match="lacks the ARKit blendshapes eyeBlinkRight, mouthFunnel; export") as caught:
        build(path, 64)
    assert str(caught.value).startswith("poor.glb")


def test_a_head_without_eyeballs_is_named(tmp_path: Path) -> None:
    from vasa.people.loading import build

    with pytest.raises(ValueError, match=r"blind\.glb has no mesh or material with eye in its name"):
        build(write_glb(tmp_path / "blind.glb", _small(ARKIT)), 64)


def test_sparse_shapes_and_other_spellings_are_read(tmp_path: Path) -> None:
    from vasa.people.arkit_avatar import _expressions, speaks_arkit
    from vasa.people.gltf import read_glb

    gltf = read_glb(write_glb(tmp_path / "spelled.glb", _small(("JawOpen", "EyeBlink_L"))))
    assert speaks_arkit(gltf)
    mesh = gltf.scene["meshes"][0]
    moves, _ = _expressions(gltf, mesh, mesh["primitives"][0], 3)
    np.testing.assert_allclose(moves[EXPRESSION_INDEX["LeyeClose"]], 0.1, atol=1e-6)
    assert not moves[EXPRESSION_INDEX["ReyeClose"]].any()
