"""Two rows of teeth, each drawn by three numbers, with an edge."""

from __future__ import annotations

import pytest
import torch

from vasa.render.closeup import surface
from vasa.render.closeup.teeth import LOWER_Y, UPPER_MM, UPPER_Y, Row, Teeth, missed, white

ROWS, COLUMNS = 128, 112
AT = surface.places(ROWS, COLUMNS, torch.zeros(1))
MIDDLE = COLUMNS // 2
NOTHING = torch.zeros(1, 3)


@pytest.fixture
def teeth() -> Teeth:
    torch.manual_seed(0)
    return Teeth(rows=ROWS, columns=COLUMNS, features=6, embedding=4)


def shown(row: Row, said: torch.Tensor = NOTHING) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.no_grad():
        share, colours = row(AT.permute(2, 0, 1), said)
    return share[0, 0], colours[0]


def test_the_upper_row_ends_where_the_lower_one_has_not_begun(teeth: Teeth) -> None:
    share, _ = teeth(torch.randn(1, 6, 16, 14), torch.randn(1, 4))
    there, y = share[0, 0, :, MIDDLE], AT[:, MIDDLE, 1]
    within = (y > 0.12) & (y < 0.5)
    gap = (y > UPPER_Y + 0.01) & (y < LOWER_Y - 0.01)
    assert there[within & (y < UPPER_Y - 0.01)].eq(1).all()
    assert there[gap].eq(0).all()
    assert there[within & (y > LOWER_Y + 0.01)].eq(1).all()


def test_nothing_is_teeth_far_from_the_mouth(teeth: Teeth) -> None:
    share, colours = teeth(torch.randn(1, 6, 16, 14), torch.randn(1, 4))
    away = (AT[..., 1] < 0.0) | (AT[..., 0].abs() > 0.33)
    assert share.shape == (1, 1, ROWS, COLUMNS)
    assert not share[0, 0, away].any()
    assert not colours[0, :, away].any()


@pytest.mark.parametrize(("side", "above"), [(1, 1.0), (-1, 0.0)])
def test_an_edge_goes_where_it_is_told_and_is_crossed_within_two_pixels(side: int, above: float) -> None:
    row = Row(edge=0.2, bent=1.0, met=UPPER_MM, side=side)
    told = torch.tensor([[0.5, 0.0, 0.0]])
    there, y = shown(row, told)[0][:, MIDDLE], AT[:, MIDDLE, 1]
    edge = 0.2 + 0.12 * float(torch.tanh(torch.tensor(0.5)))
    assert there[y < edge - 0.01].eq(above).all()
    assert there[y > edge + 0.01].eq(1 - above).all()
    assert ((there > 0) & (there < 1)).sum() <= 2


def test_gaps_lie_where_teeth_meet_and_alike_to_both_sides() -> None:
    x = torch.linspace(-0.1, 0.1, 401)
    row = Row(edge=0.2, bent=1.0, met=UPPER_MM, side=1)
    _, colours = row(torch.stack([x, torch.zeros(401)])[:, None], NOTHING)
    light = colours[0, 0, 0].detach()
    darkest = x[1:-1][(light[1:-1] < light[:-2]) & (light[1:-1] < light[2:])]
    torch.testing.assert_close(darkest[darkest > -0.001], torch.tensor([0.0, 8.5, 14.4]) * 0.0062, atol=6e-4, rtol=0)
    torch.testing.assert_close(light, light.flip(0))


def test_an_edge_is_learned_from_farther_than_it_is_sharp() -> None:
    row, said = Row(edge=0.2, bent=1.0, met=UPPER_MM, side=1), NOTHING.clone().requires_grad_()
    at = torch.tensor([[[0.0]], [[0.21]]])  # two pixels below the edge
    share, _ = row(at, said)
    assert share.item() == 0
    share.sum().backward()
    assert said.grad is not None
    assert said.grad[0, 0] > 0  # it is to go down


def test_the_jaw_and_the_source_tell_where_they_are(teeth: Teeth) -> None:
    torch.nn.init.normal_(teeth.say.weight)
    deep, embedding = torch.randn(2, 6, 16, 14), torch.randn(2, 4)
    share = teeth(deep, embedding)[0]
    assert not share.equal(teeth(deep, embedding.flip(0))[0])
    assert not share.equal(teeth(deep.flip(0), embedding)[0])


def test_teeth_are_grey_and_lit_where_tongues_are_red_and_hollows_dark() -> None:
    colours = torch.tensor([[0.5, 0.47, 0.4], [0.6, 0.35, 0.33], [0.1, 0.09, 0.08], [0.25, 0.1, 0.1]])  # the last: gums
    assert white(colours.T[None, :, None])[0, 0].tolist() == [1, 0, 0, 0]


def test_what_is_no_teeth_is_missed_inside_the_mouth_alone() -> None:
    picture = torch.full((1, 3, 1, 2), 0.5)
    inside = torch.tensor([[[1.0, 0.0]]])
    assert missed(torch.zeros(1, 1, 1, 2), picture, inside).tolist() == [[[1.0, 0.0]]]
    assert not missed(torch.ones(1, 1, 1, 2), picture, inside).any()
