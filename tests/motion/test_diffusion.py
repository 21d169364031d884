"""Schedule, objective and sampler against what is known in closed form."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vasa.motion.objective import PredictClean, PredictNoise, PredictVelocity
from vasa.motion.sampler import DDIM, Ancestral
from vasa.motion.schedule import CosineSchedule


def test_schedule_goes_from_motion_to_noise_and_keeps_the_variance() -> None:
    schedule, time = CosineSchedule(), torch.linspace(0, 1, 101, dtype=torch.float64)
    alpha, sigma = schedule.alpha(time), schedule.sigma(time)
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones_like(time))
    assert (alpha.diff() <= 0).all()
    assert alpha[0] == 1
    assert alpha[-1] == pytest.approx(0.01)


@pytest.mark.parametrize("objective", [PredictClean(), PredictNoise(), PredictVelocity()])
def test_a_perfect_prediction_gives_back_the_motion(objective: PredictClean) -> None:
    x0, noise = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    for time in torch.linspace(0.05, 1, 7, dtype=torch.float64):
        alpha, sigma = CosineSchedule().alpha(time), CosineSchedule().sigma(time)
        x_t = alpha * x0 + sigma * noise
        output = objective.target(x0, noise, alpha, sigma)
        torch.testing.assert_close(objective.clean(output, x_t, alpha, sigma), x0, rtol=1e-9, atol=1e-9)


def gaussian(mean: float, std: float, schedule: CosineSchedule) -> object:
    """E[x0 | x_t] for x0 ~ N(mean, std^2)."""

    def denoise(x_t: Tensor, time: Tensor) -> Tensor:
        alpha, sigma = schedule.alpha(time), schedule.sigma(time)
        return mean + alpha * std**2 / (alpha**2 * std**2 + sigma**2) * (x_t - alpha * mean)

    return denoise


def test_ddim_reaches_a_gaussian() -> None:
    schedule, noise = CosineSchedule(floor=1e-8), torch.randn(1, 20_000, 1, dtype=torch.float64)
    sample = DDIM(steps=200)(gaussian(0.7, 0.3, schedule), lambda _: noise, schedule)
    # The flow of a Gaussian is affine: the sample is mean + std * noise.
    torch.testing.assert_close(sample, 0.7 + 0.3 * noise, rtol=0, atol=0.02)


def test_ddim_takes_the_published_step() -> None:
    """prev = sqrt(abar_prev) x0 + sqrt(1 - abar_prev) eps, as diffusers' DDIMScheduler writes it for eta = 0."""
    schedule, noise = CosineSchedule(), torch.randn(1, 6, 2, dtype=torch.float64)

    def denoise(x_t: Tensor, time: Tensor) -> Tensor:
        return torch.tanh(x_t + time)

    sample = noise
    for time, earlier in ((1.0, 2 / 3), (2 / 3, 1 / 3), (1 / 3, 0.0)):
        abar, abar_prev = (schedule.alpha(torch.tensor(t, dtype=torch.float64)) ** 2 for t in (time, earlier))
        x0 = torch.tanh(sample + time)
        eps = (sample - abar**0.5 * x0) / (1 - abar) ** 0.5
        sample = abar_prev**0.5 * x0 + (1 - abar_prev) ** 0.5 * eps
    torch.testing.assert_close(DDIM(steps=3)(denoise, lambda _: noise, schedule), sample)


def test_ancestral_sampling_reaches_a_gaussian_with_noise_of_its_own_for_every_step() -> None:
    schedule, draws = CosineSchedule(floor=1e-8), []

    def noise(draw: int) -> Tensor:
        draws.append(draw)
        return torch.randn(1, 20_000, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(draw))

    sample = Ancestral(steps=200)(gaussian(0.7, 0.3, schedule), noise, schedule)
    assert float(sample.mean()) == pytest.approx(0.7, abs=0.02)
    assert float(sample.std()) == pytest.approx(0.3, abs=0.02)
    assert draws == list(range(200))  # the start, and every step but the last


def test_the_last_ancestral_step_gives_what_the_network_sees() -> None:
    schedule, seen = CosineSchedule(), torch.randn(1, 6, 2)
    sample = Ancestral(steps=3)(lambda *_: seen, lambda _: torch.randn(1, 6, 2), schedule)
    torch.testing.assert_close(sample, seen)


@pytest.mark.parametrize("sampler", [DDIM, Ancestral])
def test_samplers_need_a_step(sampler: type[DDIM]) -> None:
    with pytest.raises(ValueError, match="at least one step"):
        sampler(steps=0)
