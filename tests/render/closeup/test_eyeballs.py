"""Drawn eyes, of which everything is known: an iris is found, and what lids hide is what it must be."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vasa.render.closeup import surface
from vasa.render.closeup.eyeballs import IRIS, MIDDLE, Eyeballs

ROWS, COLUMNS = 128, 112
AT = surface.places(ROWS, COLUMNS, torch.zeros(1))[16:52]
PIXEL = 4 * surface.HALF[0] * surface.HALF[1] / (ROWS * COLUMNS)
WHITE, BROWN, BLUE = (torch.tensor(c)[:, None, None] for c in ([0.9, 0.88, 0.85], [0.3, 0.2, 0.1], [0.2, 0.3, 0.6]))
SKIN = torch.tensor([0.7, 0.5, 0.4])[:, None, None]


def _away(off: tuple[float, float]) -> Tensor:
    """How far pixels are from the irises of eyes that lie `off` beside those of a mean face."""
    x, y = AT.unbind(-1)
    return ((x - x.sign() * MIDDLE[0] - off[0]) ** 2 + (y - MIDDLE[1] - off[1]) ** 2).sqrt()


def _lids(high: float) -> Tensor:
    """1 on eyeballs that lids leave so high."""
    x, y = AT.unbind(-1)
    return (((x.abs() - MIDDLE[0]) / 0.12) ** 2 + ((y - MIDDLE[1]) / high) ** 2 < 1).float()


def _drawn(off: tuple[float, float], colour: Tensor = BROWN, *, high: float = 0.06) -> tuple[Tensor, Tensor]:
    """Colours and what is eyeball: [1, 3, h, w] and [1, 1, h, w]."""
    lids = _lids(high)
    eye = torch.where(_away(off) < IRIS, colour, WHITE)
    return torch.lerp(SKIN, eye, lids)[None], lids[None, None]


@pytest.mark.parametrize("off", [(0.0, 0.0), (0.03, 0.0), (-0.03, 0.012), (0.0, -0.015)])
def test_an_iris_is_found_where_it_is(off: tuple[float, float]) -> None:
    disc = Eyeballs(AT, pixel=PIXEL)(*_drawn(off), torch.zeros(1, 2))[0, 6]
    for side in (-1, 1):
        share = disc * (AT[..., 0].sign() == side)
        found = (share[..., None] * AT).sum((0, 1)) / share.sum()
        wanted = torch.tensor([side * MIDDLE[0] + off[0], MIDDLE[1] + off[1]])
        torch.testing.assert_close(found, wanted, atol=0.006, rtol=0)


def test_a_gaze_that_is_read_says_where_to_search() -> None:
    """Farther aside than is searched, and found when the gaze was read."""
    off, looked = (0.07, 0.0), torch.tensor([[-0.06, 0.0]])
    x = AT[..., 0].clamp_min(0)

    def found(turned: Tensor) -> float:
        disc = Eyeballs(AT, pixel=PIXEL)(*_drawn(off), turned)[0, 6]
        return float((disc * x).sum() / (disc * (x > 0)).sum())

    assert abs(found(looked) - MIDDLE[0] - off[0]) < 0.008
    assert abs(found(torch.zeros(1, 2)) - MIDDLE[0] - off[0]) > 0.015


def test_white_holds_where_the_iris_was() -> None:
    white = Eyeballs(AT, pixel=PIXEL)(*_drawn((0.0, 0.0)), torch.zeros(1, 2))[0, :3]
    inside = (_lids(0.06) > 0).expand_as(white)
    torch.testing.assert_close(white[inside], WHITE.expand_as(white)[inside], atol=0.06, rtol=0)


def test_an_iris_is_whole_behind_its_lids() -> None:
    found = Eyeballs(AT, pixel=PIXEL)(*_drawn((0.0, 0.0), BLUE, high=0.03), torch.zeros(1, 2))[0]
    inside = (_away((0.0, 0.0)) < 0.8 * IRIS).expand(3, -1, -1)
    assert float(found[6][inside[0]].min()) > 0.9
    torch.testing.assert_close(found[3:6][inside], BLUE.expand(3, *inside.shape[1:])[inside], atol=0.12, rtol=0)


def test_eyes_as_they_are_seen_are_what_they_are() -> None:
    """The iris over the white, not turned, is the picture but for the iris' rim."""
    eye, lids = _drawn((0.01, 0.0))
    maps = Eyeballs(AT, pixel=PIXEL)(eye, lids, torch.zeros(1, 2))
    again = torch.lerp(maps[:, :3], maps[:, 3:6], maps[:, 6:])
    error = (again - eye)[:, :, lids[0, 0] > 0].abs()
    assert float(error.mean()) < 0.03
    assert float((error > 0.1).float().mean()) < 0.1


def test_shut_eyes_are_imagined_without_nan() -> None:
    picture, nowhere = torch.rand(2, 3, *AT.shape[:2]), torch.zeros(2, 1, *AT.shape[:2])
    maps = Eyeballs(AT, pixel=PIXEL)(picture, nowhere, torch.zeros(2, 2))
    assert bool(maps.isfinite().all())
    assert 0 <= float(maps.min()) <= float(maps.max()) <= 1
    assert float(maps[:, :3].mean()) > 2 * float(maps[:, 3:6].mean()) > 0


def test_one_eye_that_is_shut_has_the_other_ones_colours() -> None:
    eye, lids = _drawn((0.0, 0.0), BLUE)
    lids = lids * (AT[..., 0] > 0)
    iris = Eyeballs(AT, pixel=PIXEL)(eye, lids, torch.zeros(1, 2))[0, 3:6, :, : COLUMNS // 2]
    middle = _away((0.0, 0.0))[:, : COLUMNS // 2] < 0.8 * IRIS
    torch.testing.assert_close(iris[:, middle].mean(1), BLUE[:, 0, 0], atol=0.05, rtol=0)
