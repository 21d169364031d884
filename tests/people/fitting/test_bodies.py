"""Whose hair is lent: that of an avatar whose hair lies where the portrait shows some."""

from __future__ import annotations

import numpy as np

from vasa.people.fitting.bodies import CLOTHES, HAIR, SKIN, hair_seen

SIDE = 48
WALL, DARK, FACE = np.array([0.8, 0.35, 0.2]), np.array([0.1, 0.06, 0.05]), np.array([0.8, 0.6, 0.5])


def _areas(hangs_to: int) -> np.ndarray:
    """A head with hair down to a row, on a wall: [48, 48]."""
    areas = np.broadcast_to(np.arange(SIDE) * 3 // SIDE, (SIDE, SIDE)).copy()
    areas[8:hangs_to, 10:38] = HAIR
    areas[14:36, 16:32] = SKIN
    areas[40:] = CLOTHES
    return areas


def _picture(areas: np.ndarray) -> np.ndarray:
    return np.where((areas == HAIR)[..., None], DARK, np.where((areas == SKIN)[..., None], FACE, WALL))


def test_long_hair_is_missed_in_a_portrait_of_short_hair_and_short_in_one_of_long() -> None:
    outlines = [_areas(16), _areas(38), _areas(30), _areas(17), _areas(20)]
    for shown in range(len(outlines)):
        seen = hair_seen(_picture(outlines[shown]), outlines)
        missed = [seen.missed(areas) for areas in outlines]
        assert missed[shown] == 0
        assert min(missed[:shown] + missed[shown + 1 :]) > 0.01
    plain = hair_seen(_picture(outlines[0]), outlines)
    assert plain.missed(outlines[1]) > 0.5


def test_where_nobody_has_hair_or_all_have_the_same_nothing_is_missed() -> None:
    bald = np.where(_areas(16) == HAIR, SKIN, _areas(16))
    assert hair_seen(_picture(bald), [bald, bald]).missed(bald) == 0
    alike = _areas(20)
    assert hair_seen(_picture(alike), [alike, alike]).missed(alike) == 0
