"""Paint, hair, glasses, covers and baked light: what they add is where it should be, and nothing else changes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import Delaunay

from vasa.people.appearance import Appearance, Worn, appearance, skin_tone
from vasa.people.avatar import KINDS, Avatar, load_avatar
from vasa.people.body import embody
from vasa.people.covers import covered
from vasa.people.glasses import wear_glasses
from vasa.people.hair import bald, has_wig, lend
from vasa.people.landmarks import landmarks
from vasa.people.marks import HAIR, SKIN, marked
from vasa.people.occlusion import openness
from vasa.people.paint import paint
from vasa.people.person import avatar_files, person
from vasa.people.regions import PARTS, regions
from vasa.people.worn import attach, on_head, without


@pytest.fixture(scope="module")
def one() -> Appearance:
    return appearance(np.random.default_rng(0), man=True)


@pytest.fixture(scope="module")
def real(avatars: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Avatar, Avatar]:
    """A woman with a wig and a man whose hair is painted."""
    cache = tmp_path_factory.mktemp("avatars")
    return load_avatar(avatars / "White_F_1_Busi.glb", cache=cache), load_avatar(
        avatars / "White_M_3_Busi.glb", cache=cache
    )


def test_an_appearance_follows_from_its_seed() -> None:
    first, again = (appearance(np.random.default_rng(5), man=False) for _ in range(2))
    for field in dataclasses.fields(Appearance):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(again, field.name))


def test_skin_tones_go_from_very_dark_to_very_light_and_are_never_blue() -> None:
    rng = np.random.default_rng(0)
    tones = np.stack([skin_tone(rng) for _ in range(300)])
    assert tones[:, 0].min() < 0.12
    assert tones[:, 0].max() > 0.6
    assert (tones[:, 0] > tones[:, 2]).all()


def test_what_is_attached_comes_off_again(figure: Avatar) -> None:
    points = np.zeros((3, 3))
    more = attach(
        figure, points=points, normals=points, uv=points[:, :2], weights=on_head(3), layer=2,
        kind=KINDS.index("cover"), triangles=np.array([[0, 1, 2]]),
    )  # fmt: skip
    less = without(more, KINDS.index("cover"))
    assert len(more.points) == len(figure.points) + 3
    np.testing.assert_array_equal(less.triangles, figure.triangles)
    np.testing.assert_array_equal(less.lips, figure.lips)


def test_glasses_stand_before_the_eyes_and_move_with_the_head(figure: Avatar, one: Appearance) -> None:
    worn = wear_glasses(marked_figure(figure), dataclasses.replace(one, glasses=np.zeros(3)))
    lens = worn.kind == KINDS.index("lens")
    eyes = figure.joints[2:]
    assert worn.points[lens, 2].min() > eyes[:, 2].max()
    assert np.abs(worn.points[lens, 0].mean()) < 1e-3
    assert (worn.weights[len(figure.points) :, 0] == 1).all()
    assert set(regions(worn)[worn.kind == KINDS.index("glasses")]) == {PARTS.index("glasses")}


@pytest.mark.parametrize("kind", ["beanie", "cap", "scarf"])
def test_covers_lie_outside_the_head(figure: Avatar, one: Appearance, kind: Worn) -> None:
    worn = covered(marked_figure(figure), dataclasses.replace(one, worn=kind))
    cloth = worn.points[worn.kind == KINDS.index("cover")]
    assert np.linalg.norm(cloth, axis=1).min() > 0.4


def test_less_light_arrives_under_a_roof(figure: Avatar) -> None:
    x, z = (a.ravel() for a in np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41)))
    roof = np.stack([x, np.full_like(x, 0.6), z], axis=-1)
    under = attach(
        figure, points=roof, normals=np.tile([0.0, -1, 0], (len(x), 1)), uv=roof[:, :2], weights=on_head(len(x)),
        layer=2, kind=KINDS.index("cover"), triangles=Delaunay(np.c_[x, z], qhull_options="QJ").simplices,
    )  # fmt: skip
    top = np.argmax(figure.points[:, 1])
    up = np.array([1, 0, 1, 0])
    assert openness(figure)[top] @ up > 0.9
    assert openness(under)[top] @ up < 0.5


def marked_figure(figure: Avatar) -> Avatar:
    return dataclasses.replace(figure, textures=np.zeros((3, 64, 64, 4), np.uint8))


def test_paint_keeps_eyes_and_makes_skin_dark_or_light(real: tuple[Avatar, Avatar], one: Appearance) -> None:
    tones = np.array([[0.06, 0.03, 0.02], [0.7, 0.5, 0.42]])
    dark, light = (dataclasses.replace(one, skin=tone, shade=np.ones(3), iris=None) for tone in tones)
    for avatar in real:
        for person_, low, high in ((dark, 0.01, 0.12), (light, 0.35, 0.95)):
            painted = paint(avatar, person_).textures[0, ..., :3]
            assert low < np.median((painted[130:150, 300:368] / 255.0) ** 2) < high
            np.testing.assert_allclose(painted[50:64, 136:154], avatar.textures[0, 50:64, 136:154], atol=2)


def test_hair_is_lent_and_taken_off(real: tuple[Avatar, Avatar]) -> None:
    wigged, painted = real
    assert has_wig(wigged)
    assert not has_wig(painted)
    bare = bald(wigged)
    assert not has_wig(bare)
    assert not (marked(bare)[0, ..., 3] == HAIR).any()
    cropped = lend(wigged, painted)
    crown, face = marked(cropped)[0, 20:50, 300:368, 3], marked(cropped)[0, 130:150, 300:368, 3]
    assert (crown == HAIR).mean() > 0.95
    assert (face == SKIN).all()
    again = lend(wigged, wigged)
    np.testing.assert_allclose(
        np.sort(again.points[again.kind == 4], axis=0), np.sort(wigged.points[wigged.kind == 4], axis=0), atol=0.09
    )


def test_dressing_leaves_expressions_and_landmarks_as_they_were(avatars: Path, real: tuple[Avatar, Avatar]) -> None:
    files = avatar_files(avatars)
    numbers = [n for n in range(60) if person(n, files, seed=0).looks.glasses is not None]
    who = person(numbers[0], files, seed=0)
    body = embody(who, cache=None)
    assert body.textures.shape == (3, 1024, 1024, 4)
    assert body.shifts.shape[1] < np.flatnonzero(body.kind == KINDS.index("glasses")).min()
    still = np.tile(np.eye(4), (1, 5, 1, 1))
    where, _ = landmarks(body, expression=np.zeros((1, len(body.shifts))), parts=still, distance=8.0)
    assert np.isfinite(where).all()
