"""The inside of a mouth is painted by where a pixel lies between the lips."""

from __future__ import annotations

import pytest
import torch

from vasa.render.closeup import surface
from vasa.render.closeup.mouth import TOP_Y, Mouth, parted

ROWS, COLUMNS = 64, 32


@pytest.fixture
def mouth() -> Mouth:
    torch.manual_seed(0)
    return Mouth(rows=ROWS, columns=COLUMNS, embedding=4)


def opening(first: int, end: int) -> torch.Tensor:
    """A mouth that is open from row to row, in the middle columns; an eye that is painted above."""
    painted = torch.zeros(1, 1, ROWS, COLUMNS)
    painted[..., first:end, 10:20] = 1
    painted[..., 5:10, 10:20] = 1
    return painted


def listening(mouth: Mouth, channel: int) -> Mouth:
    """One that says what it is told in a channel."""
    with torch.no_grad():
        for layer in (mouth.paint.see, mouth.paint.think, mouth.paint.say):
            layer.weight.zero_()
            layer.bias.zero_()
            layer.weight[0, channel if layer is mouth.paint.see else 0] = 1
    return mouth


def test_nothing_is_said_at_first_and_never_above_the_lips(mouth: Mouth) -> None:
    assert not mouth(opening(45, 55), torch.randn(1, 4)).any()
    torch.nn.init.normal_(mouth.paint.say.weight)
    said = mouth(opening(45, 55), torch.randn(1, 4))
    above = surface.places(ROWS, COLUMNS, said)[:, 0, 1] < TOP_Y
    assert not said[:, :, above].any()
    assert said[:, :, ~above].any()


@pytest.mark.parametrize(("channel", "depths"), [(0, range(1, 11)), (1, range(9, -1, -1))])
def test_depth_is_counted_from_either_lip(mouth: Mouth, channel: int, depths: range) -> None:
    said = listening(mouth, channel)(opening(45, 55), torch.zeros(1, 4))[0, 0, 45:55, 15]
    row = mouth.cell / 0.05  # in heights of a row of teeth
    torch.testing.assert_close(said, torch.tensor([depth * row for depth in depths]))


def test_latents_steer_it_and_it_does_not_move_the_opening(mouth: Mouth) -> None:
    torch.nn.init.normal_(mouth.paint.steer.weight)
    torch.nn.init.normal_(mouth.paint.say.weight)
    painted = opening(45, 55).requires_grad_()
    one, other = (mouth(painted, torch.randn(1, 4)) for _ in range(2))
    assert not torch.allclose(one, other)
    assert not one.detach().equal(torch.zeros_like(one))
    one.sum().backward()
    assert painted.grad is None


def test_what_is_painted_must_be_inside_unless_the_source_shows_its_own(mouth: Mouth) -> None:
    inside, nothing = opening(45, 55)[:, 0], torch.zeros(1, ROWS, COLUMNS)
    inside[:, : mouth.first] = 0
    eyes = opening(0, 0)[:, 0]
    shut, open_ = torch.tensor([True]), torch.tensor([False])
    assert mouth.missed(inside + eyes, inside, shut).max() < 2e-4
    missing = mouth.missed(nothing, inside, shut)
    assert missing[0, 50, 15] > 5
    assert missing[0, 50, 5] < 2e-4
    assert mouth.missed(nothing, inside, open_).max() < 2e-4
    assert mouth.missed(inside, nothing, open_)[0, 50, 15] > 5


def test_pixels_that_are_said_together_are_evened_out_below_the_nose_alone(mouth: Mouth) -> None:
    chequered = (torch.arange(ROWS)[:, None] + torch.arange(COLUMNS)) % 2 * torch.ones(1, 1, ROWS, COLUMNS)
    found = mouth.even(chequered)
    assert found[:, :, : mouth.first].equal(chequered[:, :, : mouth.first])
    assert found[:, :, mouth.first + 1 : -1, 1:-1].eq(0.5).all()
    plain = torch.full((1, 1, ROWS, COLUMNS), 0.7)
    torch.testing.assert_close(mouth.even(plain), plain)


def test_lips_part_at_a_narrow_edge_and_skin_above_them_does_not() -> None:
    at = torch.zeros(1, 1, 5, 2)
    painted = torch.tensor([0.1, 0.3, 0.5, 0.6, 0.9])[None, None, None]
    torch.testing.assert_close(parted(painted, at), painted)  # beside the nose
    at[..., 1] = TOP_Y + 0.1
    torch.testing.assert_close(parted(painted, at), torch.tensor([0.0, 0.0, 0.5, 0.75, 1.0])[None, None, None])
