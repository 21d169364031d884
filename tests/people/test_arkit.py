"""ARKit's coefficients say what our expressions do."""

from __future__ import annotations

import numpy as np
import pytest

from vasa.face.arkit import ARKIT, ARKIT_INDEX
from vasa.people.arkit import coefficients, table
from vasa.people.avatar import EXPRESSION_INDEX, EXPRESSIONS
from vasa.people.emotions import FACES
from vasa.people.visemes import CLOSED, VISEMES, shape
from vasa.types import EMOTIONS


def _of(expression: np.ndarray, eyes: tuple[float, float] = (0.0, 0.0)) -> dict[str, float]:
    found = coefficients(expression[None], np.array([eyes]))[0]
    return dict(zip(ARKIT, found.tolist(), strict=True))


def _mirrored(name: str) -> str:
    if name.startswith(("Lip", "Low")):
        return name
    swapped = "".join({"R": "L", "L": "R"}.get(c, c) if n < 2 and c == name[0] else c for n, c in enumerate(name))
    return swapped if swapped in EXPRESSION_INDEX else name


def test_nothing_done_is_nothing_told() -> None:
    assert not any(_of(shape({})).values())


@pytest.mark.parametrize(("side", "eye"), [("Left", "L"), ("Right", "R")])
def test_a_closed_eye_is_a_whole_blink_of_that_side(side: str, eye: str) -> None:
    found = _of(shape({f"{eye}eyeClose": 1.0}))
    assert {name for name, weight in found.items() if weight > 0} == {f"eyeBlink{side}"}
    assert found[f"eyeBlink{side}"] == 1


def test_jaw_follows_the_vowel_and_closures_keep_it_shut() -> None:
    wide, round_, closed = (_of(shape(s))["jawOpen"] for s in (VISEMES["AA"][0], VISEMES["UW"][0], CLOSED))
    assert wide > 0.4 > round_ > closed == 0


def test_rounded_vowels_pucker_and_smiles_smile() -> None:
    assert _of(shape(VISEMES["UW"][0]))["mouthPucker"] > 0.5
    happy = _of(FACES[EMOTIONS.index("happiness")])
    assert min(happy["mouthSmileLeft"], happy["mouthSmileRight"]) > 0.5
    assert happy["mouthFrownLeft"] == happy["browDownLeft"] == 0


def test_brows_rise_in_surprise_and_fall_in_anger() -> None:
    up, down = (_of(FACES[EMOTIONS.index(name)]) for name in ("surprise", "anger"))
    assert up["browInnerUp"] > 0.3
    assert up["browOuterUpLeft"] > 0.3
    assert up["browDownLeft"] == 0
    assert down["browDownLeft"] > 0.5
    assert down["browInnerUp"] == down["browOuterUpLeft"] == 0


def test_both_sides_have_the_same_weights() -> None:
    swap = {"Left": "Right", "Right": "Left"}
    other = [next((n.replace(s, swap[s]) for s in swap if n.endswith(s)), n) for n in ARKIT]
    across = [ARKIT_INDEX[n] for n in other]
    rows = [EXPRESSION_INDEX[_mirrored(n)] for n in EXPRESSIONS]
    assert rows != list(range(len(rows)))
    np.testing.assert_allclose(table()[rows][:, across], table())


def test_eyes_look_where_the_label_says() -> None:
    left = _of(shape({}), (0.28, 0.0))
    assert left["eyeLookOutLeft"] == left["eyeLookInRight"] == pytest.approx(0.5)
    assert left["eyeLookInLeft"] == left["eyeLookOutRight"] == 0
    assert _of(shape({}), (0.0, -0.38))["eyeLookDownLeft"] == 1
