"""Films of the real avatars; and the rules of splits and folders, which need none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS, load_avatar
from vasa.people.film import Plan, film
from vasa.people.mixing import mix, stretch
from vasa.people.person import avatar_files, avatars_of, person
from vasa.people.phones import PHONES
from vasa.people.relabel import plan_of, relabel_film
from vasa.people.rig import face, lip_opening
from vasa.people.visemes import VISEMES, shape

FILES = tuple(Path(f"{group}_{sex}_{n}.glb") for group in "abcdef" for sex in "FM" for n in range(3))


def test_splits_share_no_avatar_and_no_person() -> None:
    train, test = avatars_of(FILES, "train"), avatars_of(FILES, "test")
    assert not set(train) & set(test)
    assert len(train) + len(test) == len(FILES)
    crowd = [person(n, FILES, seed=3) for n in range(64)]
    assert sum(p.split == "test" for p in crowd) == 4
    for one in crowd:
        allowed = set(avatars_of(FILES, one.split))
        assert {one.body, one.face} <= allowed


def test_a_person_follows_from_seed_and_number() -> None:
    first, again, other = (person(5, FILES, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.skin, again.skin)
    assert (first.body, first.share) == (again.body, again.share)
    assert (first.body, first.share) != (other.body, other.share)


def test_a_folder_without_avatars_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        avatar_files(tmp_path)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_lips_of_a_real_avatar_obey_the_visemes(avatars: Path, cache: Path) -> None:
    avatar = load_avatar(avatar_files(avatars)[0], texture_px=64, cache=cache)
    opening = {
        sound: lip_opening(avatar, face(avatar, shape(VISEMES[sound][0])[None])[0])[0]
        for sound in ("M", "SIL", "F", "AA")
    }
    assert abs(opening["M"]) < 0.03
    assert abs(opening["SIL"]) < 0.03
    assert opening["M"] < opening["F"] < opening["AA"]
    assert opening["AA"] > 0.15


def test_a_mixed_face_lies_between_its_parents(avatars: Path, cache: Path) -> None:
    one, two = (load_avatar(f, texture_px=64, cache=cache) for f in avatar_files(avatars)[4:6])
    half = mix(one, two, share=0.5)
    assert np.abs(half.points - one.points).max() < 0.15
    assert np.abs(half.points - one.points)[one.kind == 0].max() > 0.005
    body = one.weights[:, [0, 2, 3]].sum(1) == 0
    np.testing.assert_array_equal(half.points[body & (one.kind == 0)], one.points[body & (one.kind == 0)])
    broad = stretch(one, np.array([1.1, 1.0]))
    np.testing.assert_allclose(np.ptp(broad.joints[2:, 0]), 1.1 * np.ptp(one.joints[2:, 0]), rtol=1e-5)


def _lose_landmarks(clip: Path) -> None:
    """Make a clip's labels those of an older film."""
    kept = {name: values for name, values in np.load(clip / "labels.npz").items() if "landmarks" not in name}
    np.savez(clip / "labels.npz", allow_pickle=False, **kept)


def test_a_film_is_complete_resumes_and_repeats(avatars: Path, cache: Path, tmp_path: Path) -> None:
    pytest.importorskip("moderngl", reason="needs the extra people")
    plans = [Plan(tmp_path / n, avatars, people=2, clips=2, size=32, seed=4, cache=cache) for n in ("a", "b")]
    index = json.loads(film(plans[0]).read_text())
    assert index["clips"] == ["000000", "000001"]
    assert index["expression_names"] == list(EXPRESSIONS)
    clip = plans[0].clip(1)
    labels, frames = dict(np.load(clip / "labels.npz")), np.load(clip / "frames.npy")
    assert {len(values) for values in labels.values()} == {len(frames)}
    assert labels["phone"].max() < len(PHONES)
    assert labels["expression"].shape[1] == len(EXPRESSION_INDEX)
    assert np.load(clip / "place.npy").shape == (len(frames), 5, 8, 8)
    assert film(plans[0]).exists()  # nothing is missing, so nothing is filmed
    assert labels["landmarks"].shape == (len(frames), 68, 3)
    assert 0.5 < labels["landmarks_seen"].mean() <= 1
    assert np.load(clip / "parts.npy").shape == (len(frames), 16, 16)
    assert len(index["part_names"]) > np.load(clip / "parts.npy").max()
    film(plans[1], workers=2)
    for name in ("place.npy", "parts.npy", "labels.npz", "speech.wav", "clip.json"):
        assert (clip / name).read_bytes() == (plans[1].clip(1) / name).read_bytes(), name
    again = np.load(plans[1].clip(1) / "frames.npy")
    assert np.abs(frames.astype(int) - again).max() <= 1
    _lose_landmarks(clip)
    assert relabel_film(plan_of(plans[0].folder, avatars=avatars, recordings=None, cache=cache)) == 1
    restored = np.load(clip / "labels.npz")
    np.testing.assert_array_equal(restored["landmarks"], labels["landmarks"])
    np.testing.assert_array_equal(restored["landmarks_seen"], labels["landmarks_seen"])
    with pytest.raises(ValueError, match="another film"):
        film(Plan(plans[0].folder, avatars, people=2, clips=2, size=32, seed=5, cache=cache))
