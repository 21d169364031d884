"""What of a head lies above the square that is rendered goes along with it, and nothing else does."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from vasa.crown import Crown
from vasa.face.crop import Crop

SQUARE = Crop(100.0, 140.0, 80.0)  # its upper side is at y = 100
STILL = torch.zeros(6)


def head() -> Tensor:
    """A head half as wide as its square, up to the upper side and beyond."""
    share = torch.zeros(1, 64, 64)
    share[..., 16:48] = 1
    return share


def picture() -> Tensor:
    """A white head from y = 85 on, and a grey ramp behind it: [3, 200, 200]."""
    shown = (torch.arange(200) / 400).expand(3, 200, 200).clone()
    shown[:, 85:, 80:120] = 1
    return shown


def followed(pose: Tensor, shown: Tensor | None = None) -> Tensor:
    shown = picture() if shown is None else shown
    crown, frames = Crown.of(shown, SQUARE, head(), STILL), shown[None].clone()
    assert crown is not None
    crown.follow(frames, pose[None])
    return frames[0]


def middle(shown: Tensor, y: int) -> float:
    """The middle x, in pixels, of what is white in a row."""
    white = (shown[0, y] > 0.75).double()
    return float((white * (torch.arange(200) + 0.5)).sum() / white.sum())


def test_a_head_that_stays_changes_nothing() -> None:
    torch.testing.assert_close(followed(STILL), picture(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("x", [-0.1, 0.1])
def test_hair_above_the_square_goes_along_as_far_as_the_head(x: float) -> None:
    moved = followed(torch.tensor([0, 0, 0, x, 0, 0]))
    assert middle(moved, 99) == pytest.approx(100 + 40 * x, abs=0.6)
    assert middle(moved, 90) == pytest.approx(100 + 40 * x, abs=1.5)


def test_what_is_far_above_or_beside_the_head_stays() -> None:
    moved = followed(torch.tensor([0, 0, 0, 0.1, 0.05, 0.1]))
    for part in ((slice(0, 72), slice(0, 200)), (slice(0, 200), slice(0, 60)), (slice(128, 200), slice(0, 200))):
        torch.testing.assert_close(moved[:, *part], picture()[:, *part], atol=1e-5, rtol=0)


@pytest.mark.parametrize("y", [92, 100, 105])
def test_a_tilted_head_tilts_its_crown(y: int) -> None:
    moved = followed(torch.tensor([0, 0, math.radians(4), 0, 0, 0]))
    assert middle(moved, y) == pytest.approx(100 - (140 - y) * math.tan(math.radians(4)), abs=1.1)


def test_a_picture_that_ends_below_has_no_crown() -> None:
    assert Crown.of(picture(), Crop(100.0, 20.0, 80.0), head(), STILL) is None
    cut_off = Crown.of(picture(), Crop(100.0, 50.0, 80.0), head(), STILL)
    assert cut_off is not None
    assert cut_off.rows == slice(0, 24)
