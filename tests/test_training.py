"""The optimiser that all trainings share: how its rate goes, and that runs begun before it go on with it."""

from __future__ import annotations

import math
from copy import deepcopy
from functools import partial

import pytest
import torch
from lightning.pytorch import LightningModule
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from vasa.render.blocks import ResBlock, spectral
from vasa.training import MovingAverage, Optimisation, chance, rest, weighted_sum

FORMS = [
    {"warmup": 200, "steps": 3000},
    {"warmup": 7, "steps": 50, "hold": 0.6},
    {"warmup": 1, "steps": 40, "hold": 0.0, "lowest": 0.005},
    {"warmup": 0, "steps": 0, "hold": 0.4, "lowest": 0.1},
    {"warmup": 90, "steps": 30, "hold": 0.5},  # longer than the run
]


def warm_cosine(step: int, *, warmup: int, steps: int, hold: float = 0.0, lowest: float = 0.0) -> float:
    """What every training computed for itself, to the letter."""
    rest = max(0.0, step / max(1, steps) - hold) / (1 - hold)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, rest)))
    return min(1.0, (step + 1) / max(1, warmup)) * (lowest + (1 - lowest) * cosine)


def small() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(3, 2)


def go(layer: nn.Linear, optimizer: torch.optim.Optimizer, schedule: LambdaLR, steps: int) -> list[float]:
    """Learning rates of some steps."""
    rates = []
    for _ in range(steps):
        optimizer.zero_grad()
        layer(torch.eye(3)).square().sum().backward()
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.parametrize("form", FORMS)
def test_the_factor_is_that_of_before(form: dict[str, float]) -> None:
    optimisation = Optimisation(learning_rate=1e-3, **form)  # type: ignore[arg-type]
    steps = range(int(form["steps"]) + 5)
    assert [optimisation.factor(n) for n in steps] == [warm_cosine(n, **form) for n in steps]  # type: ignore[arg-type]


def test_the_rate_rises_holds_and_falls_to_its_lowest() -> None:
    optimisation = Optimisation(learning_rate=0.5, warmup=10, steps=100, hold=0.4, lowest=0.1)
    rates = go(small(), *optimisation.pair(small().parameters()), 105)
    assert rates[:10] == pytest.approx([0.05 * n for n in range(1, 11)])
    assert rates[10:41] == [0.5] * 31
    assert rates[70] == pytest.approx(0.5 * (0.1 + 0.9 / 2))  # half of the cosine
    assert rates[100:] == pytest.approx([0.05] * 5)


@pytest.mark.parametrize("kind", ["partial", "lambda"])
def test_a_run_begun_with_the_old_code_goes_on_bit_for_bit(kind: str) -> None:
    form = {"warmup": 3, "steps": 12}
    pace = partial(warm_cosine, **form) if kind == "partial" else lambda step: warm_cosine(step, **form)
    before = small()
    optimizer = AdamW(before.parameters(), lr=0.1, weight_decay=0.02, betas=(0.9, 0.98))
    schedule = LambdaLR(optimizer, pace)
    go(before, optimizer, schedule, 5)
    after = small()
    after.load_state_dict(before.state_dict())
    optimisation = Optimisation(learning_rate=0.1, betas=(0.9, 0.98), weight_decay=0.02, **form)  # type: ignore[arg-type]
    ours = optimisation.pair(after.parameters())
    for mine, old in zip(ours, (optimizer, schedule), strict=True):
        mine.load_state_dict(deepcopy(old.state_dict()))
    assert go(after, *ours, 8) == go(before, optimizer, schedule, 8)
    assert torch.equal(after.weight, before.weight)
    assert ours[0].state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]


def test_lightning_is_told_to_go_on_every_step() -> None:
    told = Optimisation(learning_rate=0.1, warmup=3, steps=12).of(small().parameters())
    assert told["lr_scheduler"]["interval"] == "step"
    assert told["lr_scheduler"]["scheduler"].optimizer is told["optimizer"]


@pytest.mark.parametrize("hold", [-0.1, 1.0, 1.5])
def test_a_hold_without_a_cosine_is_refused(hold: float) -> None:
    with pytest.raises(ValueError, match="from 0 to less than 1; got"):
        Optimisation(learning_rate=1e-3, warmup=1, steps=10, hold=hold)


def test_a_loss_of_weight_0_is_logged_and_costs_no_backward_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    module, logged = LightningModule(), {}
    monkeypatch.setattr(module, "log", lambda name, value, **how: logged.update({name: value}))
    monkeypatch.setattr(module, "log_dict", logged.update)
    near, far = torch.tensor(2.0, requires_grad=True), torch.tensor(5.0, requires_grad=True)
    total = weighted_sum(module, {"near": 3 * near, "far": far**2}, {"near": 0.5, "far": 0.0, "unused": 1.0})
    total.backward()
    assert logged == {"loss/near": 6.0, "loss/far": 25.0, "loss": 3.0}
    assert (near.grad, far.grad) == (1.5, None)
    with pytest.raises(ValueError, match="no weight for far; 0 leaves"):
        weighted_sum(module, {"near": near, "far": far}, {"near": 1.0})


def test_averages_take_over_the_singular_vectors_of_spectral_norms() -> None:
    blocks, average = [spectral(ResBlock(2, 8, 8)) for _ in range(2)], MovingAverage(decay=0.9)
    first, second = ({name: value.detach().clone() for name, value in block.state_dict().items()} for block in blocks)
    average.average, average.count = first, 1000
    average.update(second)
    lengths = [value.norm().item() for name, value in average.average.items() if name.endswith(("._u", "._v"))]
    assert lengths == pytest.approx([1] * len(lengths))
    assert lengths
    blocks[0].load_state_dict(average.average)
    torch.testing.assert_close(blocks[0].norm_in.weight, blocks[1].norm_in.weight)


def test_parts_of_a_batch_draw_their_own_and_again_the_same() -> None:
    module = LightningModule()
    drawn = [torch.rand(3, generator=chance(module, seed, part)) for seed, part in ((0, 0), (0, 1), (1, 0), (0, 0))]
    assert drawn[0].equal(drawn[3])
    assert not drawn[0].equal(drawn[1])
    assert not drawn[0].equal(drawn[2])


def test_what_does_not_learn_rests() -> None:
    model = nn.Sequential(nn.Sequential(nn.BatchNorm1d(3), nn.Dropout()), nn.Linear(3, 3), nn.Dropout()).train()
    model[0].requires_grad_(False)
    rest(model)
    assert model.training
    assert not any(part.training for part in model[0].modules())
    assert all(part.training for part in model[1:])
