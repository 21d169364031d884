"""The search goes from large windows to small ones and proposes those where the reader sees a face."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vasa.config import instantiate, leaf
from vasa.face.crop import Crop
from vasa.face.search import TURNS, WindowSearch


class SeesSquares:
    """A window is a face where a white square fills half of it."""

    image_size, stride = 64, 16

    def windows(self, picture: Tensor) -> Tensor:
        around = F.pad(picture, (8,) * 4, mode="replicate")
        white = F.avg_pool2d(around[:, :1], 64, 16)[:, 0]
        middle = F.avg_pool2d(around[..., 16:-16, 16:-16][:, :1], 32, 16)[:, 0]
        return 20 * (middle - 2 * (white - 0.25).abs() - 0.5)


def shown(x: int, y: int, side: int, *, height: int = 240, width: int = 400) -> Tensor:
    picture = torch.zeros(3, height, width)
    picture[:, y - side // 2 : y + side // 2, x - side // 2 : x + side // 2] = 1
    return picture


@pytest.mark.parametrize(("x", "y", "side"), [(200, 120, 110), (90, 60, 60), (330, 180, 36)])
def test_a_window_about_the_face_is_proposed(x: int, y: int, side: int) -> None:
    proposed = [crop for some in WindowSearch(SeesSquares())(shown(x, y, side)) for crop in some]
    near = [crop for crop in proposed if math.dist((crop.x_px, crop.y_px), (x, y)) < 0.3 * side]
    assert any(0.6 < crop.size_px / (2 * side) < 1.5 for crop in near)


def test_large_windows_come_first_and_turned_ones_last() -> None:
    found = [*WindowSearch(SeesSquares(), above=-1e9)(shown(200, 120, 60))]
    upright = [some[0].size_px for some in found if not some[0].angle]
    assert upright == sorted(upright, reverse=True)
    assert upright[0] == 240
    assert upright[-1] < 1.5 * 48
    assert all(some[0].angle for some in found[len(upright) :])
    assert {some[0].angle for some in found} == {0.0, *TURNS}


def test_no_more_are_proposed_than_asked_for() -> None:
    busy = (torch.rand(3, 240, 400, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    assert all(len(some) <= 2 for some in WindowSearch(SeesSquares(), most=2, above=-1e9)(busy))
    assert [*WindowSearch(SeesSquares(), above=1e9)(busy)] != []


def test_pictures_smaller_than_a_window_are_looked_at() -> None:
    assert [*WindowSearch(SeesSquares())(torch.zeros(3, 8, 30))]


@torch.no_grad()
def test_the_reader_judges_windows_wherever_they_are() -> None:
    torch.manual_seed(0)
    reader = instantiate(leaf("reader", "tiny")).eval()
    picture = torch.rand(1, 3, 512, 512 + reader.stride, generator=torch.Generator().manual_seed(1))
    left, right = reader.windows(picture[..., :512]), reader.windows(picture[..., reader.stride :])
    assert left.shape == (1, 17, 17)
    torch.testing.assert_close(left[:, 7:10, 8:10], right[:, 7:10, 7:9], atol=1e-4, rtol=1e-3)


def test_a_crop_of_a_cut_is_a_crop_of_the_picture() -> None:
    area, inner = Crop(100, 80, 120, 0.4), Crop(20, 30, 10, 0.2)
    whole = area.of_cut(inner, 60)
    corners = torch.tensor([[-1.0, -1.0], [1.0, 1.0], [0.3, -0.5]], dtype=torch.float64)
    in_area = inner.to_picture(corners) * 2 / 60 - 1
    torch.testing.assert_close(whole.to_picture(corners), area.to_picture(in_area))
