"""Metrics with known answers."""

from __future__ import annotations

import math

import pytest
import torch

from vasa.evaluate.head import jitter, obedience
from vasa.evaluate.lips import closure_rate, lip_correlation, open_auc, runs, silent
from vasa.evaluate.pictures import PSNR, SSIM
from vasa.people.phones import PHONE_INDEX


def phones(text):
    return torch.tensor([PHONE_INDEX[p] for p in text.split()])


def test_psnr_of_a_known_error_and_of_a_part():
    truth = torch.full((2, 3, 16, 16), 0.5)
    shown = truth.clone()
    shown[..., 8:] += 0.1  # the right half is off by a tenth: 20 dB there
    left, right = torch.zeros(2, 2, 1, 16, 16)
    left[..., :8], right[..., 8:] = 1, 1
    for mask, expected in [(right, 20.0), (None, 20 + 10 * math.log10(2)), (left, 100.0)]:
        metric = PSNR()
        metric.update(shown[:1], truth[:1], mask if mask is None else mask[:1])
        metric.update(shown[1:], truth[1:], mask if mask is None else mask[1:])
        assert metric.compute().item() == pytest.approx(expected, abs=1e-3)


def test_ssim_is_one_for_equal_pictures_and_sees_only_its_part():
    truth = torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    shown = truth.clone()
    shown[..., 24:] = 0.5
    left = torch.zeros(1, 1, 48, 48)
    left[..., :12] = 1
    values = {}
    for name, mask in (("left", left), ("right", left.flip(-1)), ("all", None)):
        metric = SSIM()
        metric.update(shown, truth, mask)
        values[name] = metric.compute().item()
    assert values["left"] == pytest.approx(1, abs=1e-4)
    assert values["right"] < 0.1 < values["all"] < 0.9


@pytest.mark.parametrize("lag", [-3, 0, 2])
def test_lip_correlation_finds_the_lag(lag):
    true = torch.randn(200, generator=torch.Generator().manual_seed(0)).cumsum(0).diff(n=1)
    late = torch.roll(true, lag)
    match = lip_correlation(true, 3 * late - 1)
    assert match.lag == lag
    assert match.r == pytest.approx(1, abs=1e-6)


def test_lip_correlation_of_strangers_stills_and_gaps():
    a, b = torch.randn(2, 2000, generator=torch.Generator().manual_seed(0))
    assert abs(lip_correlation(a, b).r) < 0.1
    assert lip_correlation(a, torch.zeros(2000)).r == 0
    gaps = a.clone()
    gaps[100:300] = torch.nan
    assert lip_correlation(a, gaps).r == pytest.approx(1)
    with pytest.raises(ValueError, match="equal length"):
        lip_correlation(a, b[:-1])


def test_lips_on_phones():
    said = phones("SIL M M AA AA P AE AE B OW OW SIL")
    follows = torch.isin(said, phones("AA AE OW")).float()
    assert open_auc(follows, said) == 1
    assert open_auc(1 - follows, said) == 0
    assert open_auc(torch.ones(12), said) == 0.5
    assert closure_rate(follows, said) == 1
    stays_open_on_p = follows.clone()
    stays_open_on_p[3:8] = 1
    assert closure_rate(stays_open_on_p, said) == pytest.approx(2 / 3)
    assert math.isnan(closure_rate(follows, phones("AA") * torch.ones(12, dtype=torch.long)))


def test_runs_and_settled_silence():
    said = phones("SIL " * 4 + "AA " * 3 + "SIL " * 13 + "M M " + "SIL " * 6)
    assert runs(said, (PHONE_INDEX["SIL"],)) == [(0, 4), (7, 20), (22, 28)]
    assert silent(said, settled=2).nonzero().flatten().tolist() == [0, 1, *range(9, 18), *range(24, 28)]


def test_heads():
    assert jitter(torch.linspace(0, 1, 50)[:, None].expand(-1, 3)) < 1e-4  # turning evenly is no tremble
    trembling = torch.tensor([0.01, -0.01] * 25)[:, None].expand(-1, 3)
    assert jitter(trembling) == pytest.approx(math.degrees(0.04), rel=1e-4)
    assert obedience({-20.0: -15.0, 0.0: 2.0, 20.0: 23.0}) == pytest.approx(3)
    with pytest.raises(ValueError, match="nothing is asked"):
        obedience({20.0: 20.0})
