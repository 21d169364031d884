"""What lies inside a face stays there: eyes behind shut lids, teeth behind closed lips, glasses before the skin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vasa.people.actor import cavity
from vasa.people.appearance import appearance
from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS, KINDS, Avatar, load_avatar
from vasa.people.behaviour import roam, style
from vasa.people.glasses import wear_glasses
from vasa.people.hollow import hollowed
from vasa.people.looks import look
from vasa.people.marks import HAIR, SKIN, marked
from vasa.people.mixing import mix
from vasa.people.paint import paint
from vasa.people.regions import PARTS
from vasa.people.rig import face, place
from vasa.people.scene import Stage
from vasa.people.visemes import CLOSED, shape

SIZE = 256
SHUT = {"ReyeClose": 1.0, "LeyeClose": 1.0}


@pytest.fixture(scope="module")
def fringed(avatars: Path, tmp_path_factory: pytest.TempPathFactory) -> Avatar:
    """A man whose fringe and sideburns are painted."""
    return load_avatar(avatars / "Asian_M_2_Busi.glb", cache=tmp_path_factory.mktemp("avatars"))


def _parts(stage: Stage, avatar: Avatar, faces: list[dict[str, float]], gaze: np.ndarray) -> np.ndarray:
    """Part maps [N, h, w] of faces, looking in directions [N, 2]."""
    count = len(faces)
    posed = place(
        avatar, head=np.zeros((count, 3)), body=np.zeros((count, 3)), shift=np.zeros((count, 2)),
        log_scale=np.full(count, 0.2), look=gaze,
    )  # fmt: skip
    acted = np.stack([shape(weights) for weights in faces])
    return stage.film(avatar, look(np.random.default_rng(0)), expression=acted, parts=posed.parts).parts


def test_no_eye_shows_through_shut_lids_wherever_it_looks(stage: Stage, fringed: Avatar) -> None:
    gaze = np.array([[0, 0], [0, 0.38], [0, -0.38], [0.56, 0], [-0.56, 0]])
    shut = _parts(stage, fringed, [SHUT] * len(gaze), gaze) == PARTS.index("eyes")
    open_ = _parts(stage, fringed, [{}], gaze[:1]) == PARTS.index("eyes")
    assert open_.sum() > 20
    assert not shut.any()


def test_no_tooth_shows_between_closed_lips(stage: Stage, fringed: Avatar) -> None:
    wet = [PARTS.index("teeth"), PARTS.index("mouth")]
    closed, apart = np.isin(_parts(stage, fringed, [CLOSED, {"AE_AA": 1.0}], np.zeros((2, 2))), wet)
    assert apart.sum() > 50
    assert not closed.any()


def test_the_inside_of_a_head_is_dark(figure: Avatar) -> None:
    dark = hollowed(figure)
    light = cavity(dark)
    assert light[dark.kind == KINDS.index("hollow")].max() < 0.1


@pytest.mark.parametrize("lifted", [(), ("RsmileClose", "LsmileClose"), ("Rdisgust", "Ldisgust")])
def test_rims_of_glasses_stay_before_cheeks_and_nose(fringed: Avatar, lifted: tuple[str, ...]) -> None:
    textures = np.zeros((3, 8, 8, 4), np.uint8)
    drawn = appearance(np.random.default_rng(0), man=True)
    for size in ([0.36, 0.25, 0.0], [0.46, 0.42, 1.0]):
        wanted = replace(drawn, glasses=np.zeros(3), glasses_shape=np.array(size))
        worn = wear_glasses(replace(fringed, textures=textures), wanted)
        points = worn.points.copy()
        points[: worn.shifts.shape[1]] = face(worn, shape(dict.fromkeys(lifted, 1.0))[None])[0][0]
        lens = points[worn.kind == KINDS.index("lens")]
        skin = points[(worn.kind == KINDS.index("skin")) & (points[:, 2] > 0)]
        beside = np.linalg.norm(lens[:, None, :2] - skin[None, :, :2], axis=-1) < 0.02
        stands_out = np.where(beside, skin[None, :, 2] - lens[:, None, 2], -np.inf)
        assert beside.any()
        assert stands_out.max() < 0


def test_painted_fringes_and_sideburns_are_hair_and_brows_are_not(fringed: Avatar) -> None:
    alpha = marked(fringed)[0, ..., 3]
    assert (alpha[250:280, 152:160] == HAIR).mean() > 0.9
    assert (alpha[180:215, 270:400] == SKIN).all()


def test_a_face_is_lent_without_its_fringe(avatars: Path, fringed: Avatar) -> None:
    bare = load_avatar(avatars / "White_M_3_Busi.glb")
    fringe = (marked(fringed)[0, ..., 3] == HAIR) & (marked(bare)[0, ..., 3] == SKIN)
    forehead = (slice(110, 170), slice(220, 450))
    assert fringe[forehead].sum() > 500
    mixed = mix(bare, fringed, share=0.8).textures[0]
    np.testing.assert_allclose(mixed[forehead][fringe[forehead]], bare.textures[0][forehead][fringe[forehead]], atol=40)


def test_bright_hair_has_no_brighter_rim_where_skin_begins(fringed: Avatar) -> None:
    drawn = appearance(np.random.default_rng(0), man=True)
    silver = replace(
        drawn, hair=np.full(3, 0.3), grey=0.0, skin=np.array([0.1, 0.06, 0.04]), shade=np.ones(3), stubble=0.0
    )
    painted = paint(fringed, silver).textures[0]
    bright = (painted[:560, :672, :3] / 255.0).astype(np.float64).mean(-1) ** 2
    hair = painted[:560, :672, 3] == HAIR
    forehead = (slice(120, 190), slice(200, 470))
    assert np.quantile(bright[forehead][hair[forehead]], 0.99) < 1.5 * np.quantile(bright[hair], 0.99)


def test_no_tongue_is_put_out_between_closed_lips() -> None:
    opening = [EXPRESSION_INDEX[name] for name in ("MouthOpen", "Shout", "AE_AA", "AO_a", "RsmileOpen", "LsmileOpen")]
    for seed in range(6):
        rng = np.random.default_rng(seed)
        acted = roam(rng, 150, style(rng), wide=False).expression
        assert acted.shape[1] == len(EXPRESSIONS)
        tongue = acted[:, [EXPRESSION_INDEX["OutMiddle_tg"], EXPRESSION_INDEX["Up_tg"]]].max(1)
        assert tongue[acted[:, opening].sum(1) < 0.02].max(initial=0.0) < 0.05
