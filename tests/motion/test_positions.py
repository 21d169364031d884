"""Positions, attention and mixed layers of the network."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor

from vasa.config import instantiate, leaf
from vasa.motion import DiffusionMotion
from vasa.motion.conditions import Given, MixedEmbed
from vasa.motion.dit import Block
from vasa.motion.positions import Learned, Rotary
from vasa.types import Controls

PLACES = torch.cat([torch.arange(6.0), torch.full((2,), torch.nan), torch.arange(6.0)])


def scores(positions: Rotary, x: Tensor) -> Tensor:
    turned = positions.turn(x[:, None])
    return (turned @ turned.mT)[0, 0]


def test_rotary_attention_depends_on_how_far_frames_are_apart() -> None:
    rotary, row = Rotary(PLACES, width=16, heads=1), torch.randn(1, 1, 16)
    seen = scores(rotary, row.expand(1, 14, 16))
    torch.testing.assert_close(seen[0, 2], seen[3, 5])
    torch.testing.assert_close(seen[0, 2], seen[8 + 1, 8 + 3])  # among motion as among sound
    torch.testing.assert_close(seen[2, 8 + 4], seen[0, 2])  # and between them
    assert (seen[0, 1] - seen[0, 5]).abs() > 1e-3
    assert torch.equal(rotary.mark(row), row)


def test_learned_positions_are_shared_by_sound_and_motion_and_spare_the_rest() -> None:
    learned, tokens = Learned(PLACES, width=8, heads=2), torch.zeros(1, 14, 8)
    marked = learned.mark(tokens)[0]
    assert torch.equal(marked[:6], marked[8:])
    assert not marked[6:8].any()
    assert len({tuple(row.tolist()) for row in marked[:6]}) == 6
    assert torch.equal(learned.turn(tokens), tokens)


def test_attention_is_the_textbooks() -> None:
    block, rotary = Block(width=16, heads=2, feedforward=8), Rotary(PLACES, width=16, heads=2)
    tokens = torch.randn(3, 14, 16)
    q, k, v = block.queries_keys_values(tokens).view(3, 14, 3, 2, 8).permute(2, 0, 3, 1, 4)
    weights = (rotary.turn(q) @ rotary.turn(k).mT / math.sqrt(8)).softmax(-1)
    expected = block.out((weights @ v).transpose(1, 2).reshape(3, 14, 16))
    torch.testing.assert_close(block.attend(tokens, rotary), expected, rtol=1e-4, atol=1e-5)


@pytest.fixture
def learned() -> DiffusionMotion:
    config = copy.deepcopy(leaf("motion", "tiny"))
    config.net.positions = {"_target_": "vasa.motion.positions.Learned", "_partial_": True}
    return instantiate(config).eval()


def test_positions_are_chosen_by_configuration(learned: DiffusionMotion, tiny: DiffusionMotion) -> None:
    extra = set(learned.state_dict()) - set(tiny.state_dict())
    assert extra == {"net.positions.table"}
    assert learned.net.positions.table.shape == (14, 32)
    sound = torch.randn(1, 10, 12)
    before, _ = learned.step(sound, Controls(), learned.start(1, seed=0))
    learned.net.positions.table.data.mul_(30)
    after, _ = learned.step(sound, Controls(), learned.start(1, seed=0))
    assert not torch.allclose(before.frames(), after.frames())


def test_layers_are_mixed_by_learned_shares() -> None:
    embed = MixedEmbed(size=12, width=8, layers=3)
    value = torch.randn(2, 5, 12)
    given = Given(value, torch.ones(2, 5, dtype=torch.bool))
    torch.testing.assert_close(embed(given), embed.project(value.view(2, 5, 3, 4).mean(2)))  # it begins with the mean
    embed.shares.data = torch.tensor([-30.0, 30.0, -30.0])
    torch.testing.assert_close(embed(given), embed.project(value[..., 4:8]))
    assert torch.equal(embed(given.forgotten())[0, 0], embed.null)
    with pytest.raises(ValueError, match="side by side"):
        MixedEmbed(size=13, width=8, layers=3)
