"""Eyeballs turn as a whole behind lids that stay, and what the source's lids hide is painted."""

from __future__ import annotations

import pytest
import torch

from vasa.render.closeup import surface
from vasa.render.closeup.eyes import BAND, SAID, UNIT, Eyes, sure

ROWS, COLUMNS, MOTION = 64, 64, 3
PIXEL = 2 * surface.HALF[0] / COLUMNS  # canonical


@pytest.fixture
def eyes() -> Eyes:
    """The first latent turns them to one side, the second down."""
    torch.manual_seed(0)
    made = Eyes(motion=MOTION, rows=ROWS, columns=COLUMNS, embedding=4)
    with torch.no_grad():
        made.turn[0, 0] = made.turn[1, 1] = 1.0
    return made


def told(eyes: Eyes, latents: torch.Tensor, seen: torch.Tensor | None = None) -> torch.Tensor:
    said = torch.zeros(1, SAID, ROWS, COLUMNS)
    seen = torch.ones(1, 1, ROWS, COLUMNS) if seen is None else seen
    return eyes(said, seen, torch.zeros(1, MOTION), latents, torch.zeros(1, 4)).detach()


def test_eyes_lie_in_their_band_alone(eyes: Eyes) -> None:
    share = eyes.share(torch.full((1, SAID, ROWS, COLUMNS), 30.0))[0, 0]
    y = surface.places(ROWS, COLUMNS, share)[..., 1]
    assert torch.equal(share > 0.99, (y > BAND[0]) & (y < BAND[1]))
    assert not share[(y <= BAND[0]) | (y >= BAND[1])].any()


def test_skin_and_eyeball_are_hardly_mixed() -> None:
    share = torch.tensor([0.0, 0.05, 0.22, 0.4, 0.5, 0.69, 1.0])
    torch.testing.assert_close(sure(share), torch.tensor([0, 0, 0, 0.38, 0.6, 1, 1]))


def test_an_eyeball_turns_as_a_whole(eyes: Eyes) -> None:
    step = told(eyes, torch.tensor([[0.4, -0.2, 5.0]]))[0, 1:3, eyes.rows]
    torch.testing.assert_close(step, torch.tensor([0.4, -0.2])[:, None, None].expand_as(step) * UNIT)


def test_what_the_lids_hid_is_looked_up_next_to_it(eyes: Eyes) -> None:
    """Looked up five pixels to the right, what is left of the source's eye by so much is its left edge, its right edge
    looks less far, and what is farther off is painted."""
    seen = torch.zeros(1, 1, ROWS, COLUMNS)
    seen[..., 20:30] = 1
    maps = told(eyes, torch.tensor([[5 * PIXEL / UNIT, 0.0, 0.0]]), seen)[0, :, ROWS // 4]
    assert maps[3].nonzero().flatten().tolist() == [*range(15, 30)]
    steps = (maps[1] / PIXEL).round().int().tolist()
    assert steps[15:30] == [5] * 10 + [4, 3, 2, 1, 0]


def test_the_iris_is_not_shown_twice(eyes: Eyes) -> None:
    """Looked up to the right, pixels to the right of the source's eye are painted where its iris is next to them."""
    row, iris = ROWS // 4, round((0.195 / surface.HALF[0] + 1) * COLUMNS / 2)  # of the eye on the right
    seen = torch.zeros(1, 1, ROWS, COLUMNS)
    seen[..., iris - 3 : iris + 3] = 1  # lids leave little more than the iris
    found = told(eyes, torch.tensor([[5 * PIXEL / UNIT, 0.0, 0.0]]), seen)[0, 3, row]
    assert found.nonzero().flatten().tolist() == [*range(iris - 8, iris - 2)]


def test_paint_goes_along_with_the_iris(eyes: Eyes) -> None:
    torch.nn.init.normal_(eyes.paint.say.weight)
    still, turned = (told(eyes, torch.tensor([[by, 0.0, 0.0]]))[0, 4:] for by in (0.0, -4 * PIXEL / UNIT))
    left = surface.places(ROWS, COLUMNS, still)[ROWS // 4, :, 0] < -6 * PIXEL  # of the nose
    row = ROWS // 4
    torch.testing.assert_close(turned[:, row].roll(-4, 1)[:, left][:, 4:], still[:, row, left][:, 4:])
    assert float(still[:, row].std()) > 0.001


def test_latents_steer_the_paint(eyes: Eyes) -> None:
    torch.nn.init.normal_(eyes.paint.say.weight)
    torch.nn.init.normal_(eyes.paint.steer.weight)
    seen, said, own = torch.ones(1, 1, ROWS, COLUMNS), torch.zeros(1, SAID, ROWS, COLUMNS), torch.zeros(1, MOTION)
    one, other = (eyes(said, seen, own, own, torch.randn(1, 4))[:, 4:] for _ in range(2))
    assert not torch.allclose(one, other)


def test_what_is_said_to_be_eyeball_must_be(eyes: Eyes) -> None:
    row = ROWS // 4
    truth = torch.zeros(1, ROWS, COLUMNS)
    truth[:, row, 10:20] = 1
    assert not eyes.missed(truth, truth).any()
    assert eyes.missed(torch.zeros_like(truth), truth)[0, row, 15] > 5
    assert eyes.missed(torch.ones_like(truth), truth)[0, row, 25] > 5
    assert not eyes.missed(torch.ones_like(truth), truth)[:, ROWS // 2 :].any()
