"""Films of the real avatars; and the rules of splits and folders, which need none."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.people.test_paired import Speaker
from vasa.data.clip import LABELS, Clip, clips_in
from vasa.data.coding import label_bytes
from vasa.data.shards import revise, samples_in
from vasa.people import espeak
from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS, load_avatar
from vasa.people.clip import Script
from vasa.people.film import Plan, film
from vasa.people.mixing import mix, stretch
from vasa.people.person import avatar_files, avatars_of, number_of, person
from vasa.people.phones import PHONES
from vasa.people.relabel import plan_of, relabel_film
from vasa.people.rig import face, lip_opening
from vasa.people.speech_source import SpeechSource
from vasa.people.visemes import VISEMES, shape
from vasa.people.voices import Split, flite_available

FILES = tuple(Path(f"{group}_{sex}_{n}.glb") for group in "abcdef" for sex in "FM" for n in range(3))


def test_splits_share_no_avatar_and_no_person() -> None:
    train, test = avatars_of(FILES, "train"), avatars_of(FILES, "test")
    assert not set(train) & set(test)
    assert len(train) + len(test) == len(FILES)
    crowd = [person(n, FILES, seed=3) for n in range(64)]
    assert sum(p.split == "test" for p in crowd) == 4
    for one in crowd:
        allowed = set(avatars_of(FILES, one.split))
        assert {one.body, one.face, one.donor} <= allowed


def test_a_person_follows_from_seed_and_number() -> None:
    first, again, other = (person(5, FILES, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.looks.shade, again.looks.shade)
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


@pytest.mark.parametrize("split", ["train", "test"])
def test_people_of_one_split_are_those_of_a_film_of_all(split: Split) -> None:
    numbers = [number_of(place, split) for place in range(30)]
    those = [n for n in range(16 * 30) if person(n, FILES, seed=0).split == split]
    assert numbers == those[:30]


def test_clips_last_as_long_as_asked() -> None:
    speech = SpeechSource((Speaker(split="train"), Speaker()), ())
    plan = Plan(Path("film"), Path("avatars"), people=40, clips=80, size=32, seed=0)
    for seconds in (2.0, 12.0):
        lengths = [len(_script(replace(plan, clip_s=seconds), i, speech).acted.blink) / 25 for i in range(40)]
        assert np.mean(lengths) == pytest.approx(seconds, rel=0.1)
        assert 0.65 * seconds < min(lengths) < max(lengths) < 1.35 * seconds


def test_a_film_of_one_split_shows_other_clips_of_the_same_people() -> None:
    speech = SpeechSource((Speaker(split="train"), Speaker()), ())
    plan = Plan(Path("film"), Path("avatars"), people=3, clips=6, size=32, seed=0, split="test")
    scripts = [_script(plan, index, speech) for index in range(6)]
    assert [made.who.number for made in scripts] == [15, 31, 47, 15, 31, 47]
    assert plan.numbers == 48
    whole = _script(replace(plan, people=16, clips=16, split="all"), 15, speech)
    assert whole.who.body == scripts[0].who.body
    np.testing.assert_array_equal(whole.who.looks.shade, scripts[0].who.looks.shade)
    acted = [made.acted.motion.head[:50] for made in (whole, scripts[0], scripts[3])]
    assert all(np.abs(a - b).max() > 1e-3 for a, b in pairwise(acted))


def test_direction_changes_as_many_clips_as_asked_and_leaves_the_others_as_they_are() -> None:
    speech = SpeechSource((Speaker(split="train"), Speaker()), ())
    plan = Plan(Path("film"), Path("avatars"), people=40, clips=40, size=32, seed=0)
    some = replace(plan, directed=0.5)
    plain, made = ([_script(one, i, speech) for i in range(40)] for one in (plan, some))
    assert not any(script.told for script in plain)
    assert 12 <= sum(script.told is not None for script in made) <= 28
    for before, after in zip(plain, made, strict=True):
        same = np.array_equal(before.acted.look, after.acted.look)
        assert same == (after.told is None)
    with pytest.raises(ValueError, match="from 0 to 1; got 1.5"):
        replace(plan, directed=1.5)
    with pytest.raises(ValueError, match="leave out split and directed"):
        replace(plan, directed=0.5, paired=True)


def _script(plan: Plan, index: int, speech: SpeechSource) -> Script:
    return plan.script(index, FILES, speech)


def _lose_landmarks(shard: Path, name: str) -> None:
    """Make a clip's labels those of an older film."""
    labels = next(clip for clip in map(Clip, samples_in(shard)) if clip.name == name).labels
    kept = {name: values.numpy() for name, values in labels.items() if "landmarks" not in name}
    revise(shard, {f"{name}.{LABELS}": label_bytes(kept)})


@pytest.mark.skipif(not (espeak.available() and flite_available()), reason="needs espeak-ng and flite")
def test_a_film_is_complete_resumes_and_repeats(avatars: Path, cache: Path, tmp_path: Path) -> None:
    pytest.importorskip("moderngl", reason="needs the extra people")
    plans = [
        Plan(tmp_path / n, avatars, people=2, clips=2, size=32, seed=4, clip_s=2.0, cache=cache) for n in ("a", "b")
    ]
    facts = json.loads(film(plans[0]).read_text())
    assert facts["expression_names"] == list(EXPRESSIONS)
    clips = clips_in(plans[0].folder)
    assert [clip.name for clip in clips] == ["000000", "000001"]
    assert (facts["clips"], facts["numbers"]) == (2, 2)
    labels, everything = clips[1].labels, slice(None)
    assert {len(values) for values in labels.values()} == {len(clips[1])}
    assert labels["phone"].max() < len(PHONES)
    assert labels["expression"].shape[1] == len(EXPRESSION_INDEX)
    assert clips[1].frames(everything).shape == (len(clips[1]), 3, 32, 32)
    assert clips[1].place(everything).shape == (len(clips[1]), 5, 8, 8)
    assert labels["landmarks"].shape == (len(clips[1]), 68, 3)
    assert 0.5 < labels["landmarks_seen"].float().mean() <= 1
    assert clips[1].parts(everything).shape == (len(clips[1]), 16, 16)
    assert len(facts["part_names"]) > clips[1].parts(everything).max()
    heard: list[int] = []
    film(plans[0], progress=heard.append)
    assert not heard  # nothing is missing, so nothing is filmed
    film(plans[1], workers=2)
    shard = plans[0].shard(0)
    assert shard.read_bytes() == plans[1].shard(0).read_bytes()
    _lose_landmarks(shard, "000001")
    assert relabel_film(plan_of(plans[0].folder, avatars=avatars, recordings=None, cache=cache)) == 1
    restored = clips_in(plans[0].folder)[1]
    for name, values in labels.items():
        np.testing.assert_array_equal(restored.labels[name], values, err_msg=name)
    np.testing.assert_array_equal(restored.frames(everything), clips_in(plans[1].folder)[1].frames(everything))
    with pytest.raises(ValueError, match="another film"):
        film(replace(plans[0], seed=5))
