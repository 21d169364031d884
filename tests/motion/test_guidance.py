from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch
from torch import Tensor

from vasa.motion import DiffusionMotion
from vasa.motion.conditions import Conditions
from vasa.motion.guidance import PerCondition
from vasa.motion.sliding import look
from vasa.types import Controls

GUIDED = ("audio", "gaze", "distance", "emotion")


class Spy:
    """A network that says how often and with how many rows it was asked; its answer weighs every known condition."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def __call__(self, x_t: Tensor, time: Tensor, conditions: Conditions) -> Tensor:
        self.rows.append(len(x_t))
        known = [getattr(conditions, f.name).known[:, 0].float() for f in fields(Conditions)]
        return x_t + sum(10.0**i * k[:, None, None] for i, k in enumerate(known))


@pytest.fixture
def conditions(tiny: DiffusionMotion) -> Conditions:
    controls = Controls(gaze=torch.rand(2, 2), distance=torch.rand(2, 1), emotion=torch.eye(8)[3:5])
    features = torch.randn(2, tiny.window, tiny.audio_dim)
    return tiny.conditions(features, controls, look(tiny.net, features, tiny.start(2, seed=0)))


def test_scale_zero_is_one_forward_bitwise(tiny: DiffusionMotion, conditions: Conditions) -> None:
    x_t, spy = torch.randn(2, tiny.window, tiny.space.size), Spy()
    PerCondition(audio=0, gaze=0)(spy, x_t, torch.tensor(0.5), conditions)
    assert spy.rows == [2]
    guided = PerCondition(audio=0, gaze=0)(tiny.net, x_t, torch.tensor(0.5), conditions)
    assert torch.equal(guided, tiny.net(x_t, torch.full((2,), 0.5), conditions))


def test_branches_share_one_batch(conditions: Conditions) -> None:
    spy = Spy()
    PerCondition()(spy, torch.zeros(2, 3, 1), torch.tensor(0.5), conditions)
    assert spy.rows == [6]  # full, without sound, without gaze: the paper's defaults


@pytest.mark.parametrize("name", GUIDED)
def test_each_scale_moves_only_its_condition(conditions: Conditions, name: str) -> None:
    scales = dict.fromkeys(GUIDED, 0.0) | {name: 2.0}
    plain = Spy()(torch.zeros(2, 3, 1), torch.tensor(0.5), conditions)
    guided = PerCondition(**scales)(Spy(), torch.zeros(2, 3, 1), torch.tensor(0.5), conditions)
    weight = 10.0 ** [f.name for f in fields(Conditions)].index(name)
    torch.testing.assert_close(guided - plain, torch.full_like(plain, 2.0 * weight))


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0, 2.0])
def test_an_emotion_shows_as_strongly_as_it_weighs(conditions: Conditions, weight: float) -> None:
    weaker = replace(conditions, emotion=replace(conditions.emotion, value=weight * conditions.emotion.value))
    guided = PerCondition(audio=0, gaze=0, emotion=1.0)(Spy(), torch.zeros(2, 3, 1), torch.tensor(0.5), weaker)
    without = Spy()(torch.zeros(2, 3, 1), torch.tensor(0.5), conditions.without("emotion"))
    of_emotion = 10.0 ** [f.name for f in fields(Conditions)].index("emotion")
    torch.testing.assert_close(guided - without, torch.full_like(without, 2 * weight * of_emotion))


def test_the_network_is_told_emotions_at_full_strength(conditions: Conditions) -> None:
    told: list[Tensor] = []

    def network(x_t: Tensor, time: Tensor, seen: Conditions) -> Tensor:
        told.append(seen.emotion.value)
        return x_t

    faint = replace(conditions, emotion=replace(conditions.emotion, value=0.2 * conditions.emotion.value))
    PerCondition(emotion=1.0)(network, torch.zeros(2, 3, 1), torch.tensor(0.5), faint)
    assert told[0][:2].equal(conditions.emotion.value)


def test_a_condition_that_nobody_gave_costs_nothing(tiny: DiffusionMotion) -> None:
    features = torch.randn(1, tiny.window, tiny.audio_dim)
    alone = tiny.conditions(features, Controls(), look(tiny.net, features, tiny.start(1, seed=0)))
    spy = Spy()
    PerCondition()(spy, torch.zeros(1, 3, 1), torch.tensor(0.5), alone)
    assert spy.rows == [2]
