"""A head of known shape, pose and texture is found again in its picture; poor fits stay out of films."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image

from tests.people.fitting.conftest import HEAD, SHAPE, Known
from vasa.cli import people_film, people_fit
from vasa.data.clip import clips_in
from vasa.face.reader_detector import ReaderDetector
from vasa.people.avatar import load_avatar
from vasa.people.film import Plan, film
from vasa.people.fitting.agreement import difference
from vasa.people.fitting.make import WORST_DIFFERENCE, Fitted, Fitter
from vasa.people.fitting.seen import texels
from vasa.people.fitting.store import facts, save
from vasa.people.relabel import plan_of
from vasa.people.scene import Stage


def test_shape_and_pose_come_back(fitted: Fitted, known: Known) -> None:
    assert fitted.fit.rms < 0.01
    assert np.abs(fitted.fit.head - HEAD).max() < np.deg2rad(2)
    # Three heads differ little, so the prior keeps the shape near their mean; most of the way is gone all the same.
    assert np.linalg.norm(fitted.fit.shape - SHAPE) < 0.65 * np.linalg.norm(SHAPE)
    face = (known.avatar.weights[:, 0] > 0.9) & (known.avatar.points[:, 2] > 0.2)
    away = np.linalg.norm(fitted.avatar.points - known.avatar.points, axis=1)[face]
    assert np.median(away) < 0.015  # canonical units: 2 % of the way from chin to eyes


def test_texture_comes_back_where_the_picture_shows_it(fitted: Fitted, known: Known) -> None:
    spots = texels(known.avatar, fitted.fit, np.zeros(2))
    front = spots.image((spots.facing > 0.6) & (spots.home[:, 2] > 0.25) & (spots.home[:, 1] < 0.3)) > 0.5
    found, real = (avatar.textures[0, ..., :3][front] / 255.0 for avatar in (fitted.avatar, known.avatar))
    tone = np.median(found, axis=0) / np.median(real, axis=0)
    assert np.ptp(tone) < 0.08  # hue: the avatar's own is 0.3 off
    assert np.median(np.abs(found - real * tone)) < 0.04
    assert fitted.seen_share > 0.7  # lids, eyes and the mouth never count
    assert not fitted.faults


def test_a_face_that_is_not_the_pictures_differs_from_it(fitted: Fitted, known: Known) -> None:
    assert fitted.difference < WORST_DIFFERENCE / 2
    moved = replace(known.face, square=np.roll(known.face.square, (24, 24), axis=(0, 1)))
    assert difference(fitted.drawn, moved) > 2 * fitted.difference
    assert any("same pose" in fault for fault in replace(fitted, difference=2 * WORST_DIFFERENCE).faults)


@pytest.mark.parametrize("poor", ["drop", "keep"])
def test_poor_fits_are_dropped_unless_they_are_wanted(
    poor: str, fitted: Fitted, known: Known, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vasa.people.fitting.faces.find_faces", lambda _picture, _detector: [known.face])
    picture = tmp_path / "ada.png"
    Image.new("RGB", (8, 8)).save(picture)
    made = replace(fitted, seen_share=0.1)
    arguments = argparse.Namespace(output=tmp_path, poor=poor)
    fitter, detector = cast(Fitter, lambda _face: made), cast(ReaderDetector, None)
    kept = people_fit._fit(picture, arguments, [Path("a.glb")], fitter, detector, stage)
    assert kept == (poor == "keep")
    assert (tmp_path / "ada.npz").exists() == (poor == "keep")
    report = json.loads((tmp_path / "ada.json").read_text())
    assert report["verdict"] == "poor"
    assert "10%" in report["faults"][0]


def test_bodies_are_chosen_by_name() -> None:
    files = [Path(f"AIAN_{sex}_{n}_Busi.glb") for n in range(3) for sex in "FM"]
    assert people_fit._lenders(files, "*_M_*") == [1, 3, 5]
    with pytest.raises(ValueError, match="No avatar"):
        people_fit._lenders(files, "*_X_*")


def test_pictures_that_would_overwrite_each_other_are_refused(tmp_path: Path) -> None:
    for name in ("ada.png", "ada.jpg"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match="2 pictures are named ada"):
        people_fit._listed([tmp_path])


def test_the_film_command_takes_fitted_people() -> None:
    parser = argparse.ArgumentParser()
    people_film.add(parser.add_subparsers())
    flags = "film --people 2 --minutes 1 --avatars A -o F --fitted P --fitted-share 0.5"
    plan = people_film.plan_of(people_film.settings_of(parser.parse_args(flags.split())))
    assert (plan.fitted, plan.fitted_share) == (Path("P"), 0.5)
    with pytest.raises(ValueError, match="from 0 to 1"):
        replace(plan, fitted_share=1.5)


def test_a_film_of_fitted_people_repeats(avatars: Path, fitted: Fitted, tmp_path: Path) -> None:
    people = tmp_path / "people"
    people.mkdir()
    for name in ("ada", "ben"):
        save(fitted, people / f"{name}.npz", facts(fitted, source=f"{name}.png", body="body"))
    plans = [
        Plan(
            tmp_path / name, avatars, people=1, clips=1, size=32, seed=4, clip_s=1.0, fitted=people, fitted_share=1.0
        )
        for name in ("a", "b")
    ]  # fmt: skip
    for plan in plans:
        film(plan)
    assert plans[0].shard(0).read_bytes() == plans[1].shard(0).read_bytes()
    assert clips_in(plans[0].folder)[0].facts["fitted"] in ("ada", "ben")
    np.testing.assert_array_equal(load_avatar(people / "ada.npz").textures, fitted.avatar.textures)
    with pytest.raises(ValueError, match="--fitted"):
        plan_of(plans[0].folder, avatars=avatars, recordings=None, cache=None)
    assert plan_of(plans[0].folder, avatars=avatars, recordings=None, cache=None, fitted=people).fitted_share == 1.0
    save(fitted, people / "eve.npz", facts(fitted, source="eve.png", body="body"))
    with pytest.raises(ValueError, match="differs in fitted"):
        film(plans[0])
