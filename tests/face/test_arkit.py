"""ARKit's coefficients and their counterparts of the other side."""

from __future__ import annotations

from vasa.face.arkit import ARKIT, MIRRORED


def test_a_mirror_swaps_sides_and_leaves_the_middle() -> None:
    assert len(ARKIT) == len(set(ARKIT)) == 52
    assert [MIRRORED[n] for n in MIRRORED] == list(range(52))
    swapped = {name: ARKIT[n] for name, n in zip(ARKIT, MIRRORED, strict=True)}
    assert swapped["jawOpen"] == "jawOpen"
    assert swapped["eyeLookInLeft"] == "eyeLookInRight"
    assert swapped["mouthRight"] == "mouthLeft"
