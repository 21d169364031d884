"""Eyeballs turn as a whole behind lids that stay: white that keeps still, and irises that go along with a gaze."""

from __future__ import annotations

import pytest
import torch

from vasa.render.closeup import surface
from vasa.render.closeup.eyes import BAND, REMEMBERED, Eyes, sure

ROWS, COLUMNS, MOTION = 64, 64, 3
PIXEL = 2 * surface.HALF[0] / COLUMNS  # canonical
ROW = ROWS // 4  # through the eyes


@pytest.fixture
def eyes() -> Eyes:
    """The first latent turns them to one side, the second down."""
    made = Eyes(motion=MOTION, rows=ROWS, columns=COLUMNS)
    made.turn[0, 0] = made.turn[1, 1] = 0.05
    return made


def _shown(eyes: Eyes, remembered: torch.Tensor, change: list[float]) -> torch.Tensor:
    return eyes(torch.zeros(1, 1, ROWS, COLUMNS), remembered, torch.tensor([change]))[0, 1:]


def _remembered(white: float, iris: float, columns: slice) -> torch.Tensor:
    """Eyes of one grey with an iris of another in some columns."""
    maps = torch.full((1, REMEMBERED, ROWS, COLUMNS), white)
    maps[:, 4:7] = iris
    maps[:, 7] = 0
    maps[:, 7, :, columns] = 1
    return maps


def test_eyes_lie_in_their_band_alone(eyes: Eyes) -> None:
    share = eyes.share(torch.full((1, 1, ROWS, COLUMNS), 30.0))[0, 0]
    y = surface.places(ROWS, COLUMNS, share)[..., 1]
    assert torch.equal(share > 0.99, (y > BAND[0]) & (y < BAND[1]))
    assert not share[(y <= BAND[0]) | (y >= BAND[1])].any()


def test_skin_and_eyeball_are_hardly_mixed() -> None:
    share = torch.tensor([0.0, 0.05, 0.22, 0.4, 0.5, 0.69, 1.0])
    torch.testing.assert_close(sure(share), torch.tensor([0, 0, 0, 0.38, 0.6, 1, 1]))


def test_an_iris_is_looked_up_turned_and_white_keeps_still(eyes: Eyes) -> None:
    remembered = _remembered(0.9, 0.2, slice(20, 26))
    remembered[:, 1:4, :, 40] = 0.7  # a vein
    row = _shown(eyes, remembered, [4 * PIXEL / 0.05, 0.0, 9.0])[0, ROW]
    assert (row < 0.3).nonzero().flatten().tolist() == [*range(16, 22)]
    assert (row - 0.7).abs().argmin() == 40


def test_beyond_the_band_there_is_no_eye(eyes: Eyes) -> None:
    shown = _shown(eyes, _remembered(0.9, 0.2, slice(20, 26)), [0.0, 0.0, 0.0])
    assert not shown[:, : eyes.rows.start].any()
    assert not shown[:, eyes.rows.stop :].any()


def test_what_is_remembered_is_what_is_said_and_seen(eyes: Eyes) -> None:
    said, patch = torch.randn(1, 1, ROWS, COLUMNS), torch.rand(1, 3, ROWS, COLUMNS)
    maps = eyes.look(patch, said, torch.zeros(1, MOTION))
    torch.testing.assert_close(maps[:, :1], eyes.share(said))
    wanted = eyes.eyeballs(patch[:, :, eyes.rows], eyes.share(said)[:, :, eyes.rows], torch.zeros(1, 2))
    torch.testing.assert_close(maps[:, 1:, eyes.rows], wanted)


def test_what_is_said_to_be_eyeball_must_be(eyes: Eyes) -> None:
    truth = torch.zeros(1, ROWS, COLUMNS)
    truth[:, ROW, 10:20] = 1
    assert not eyes.missed(truth, truth).any()
    assert eyes.missed(torch.zeros_like(truth), truth)[0, ROW, 15] > 5
    assert eyes.missed(torch.ones_like(truth), truth)[0, ROW, 25] > 5
    assert not eyes.missed(torch.ones_like(truth), truth)[:, ROWS // 2 :].any()
