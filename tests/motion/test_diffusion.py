"""Schedule, objective and sampler against what is known in closed form."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vasa.motion.objective import Objective, PredictClean, PredictFlow, PredictNoise, PredictVelocity
from vasa.motion.sampler import DDIM, Ancestral, Denoise, Euler, Heun, Multistep, Sampler
from vasa.motion.schedule import CosineSchedule, LinearSchedule, Schedule, StraightPath

SCHEDULES = [CosineSchedule(), LinearSchedule(), StraightPath()]
OBJECTIVES = [PredictClean(), PredictNoise(), PredictVelocity(), PredictFlow()]


def named(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize("schedule", SCHEDULES, ids=named)
def test_schedules_go_from_motion_to_noise(schedule: Schedule) -> None:
    time = torch.linspace(0, 1, 101, dtype=torch.float64)
    alpha, sigma = schedule.alpha(time), schedule.sigma(time)
    assert (alpha.diff() <= 0).all()
    assert (sigma.diff() >= 0).all()
    assert (alpha[0], sigma[0]) == (1, 0)
    assert 0 <= alpha[-1] <= 0.0101
    assert sigma[-1] == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("schedule", SCHEDULES[:2], ids=named)
def test_diffusion_keeps_the_variance(schedule: Schedule) -> None:
    time = torch.linspace(0, 1, 101, dtype=torch.float64)
    torch.testing.assert_close(schedule.alpha(time) ** 2 + schedule.sigma(time) ** 2, torch.ones_like(time))


def test_the_linear_schedule_is_the_limit_of_the_published_thousand_steps() -> None:
    alpha_bar = (1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)).cumprod(0)
    for step in (100, 500, 1000):
        ours = LinearSchedule().alpha(torch.tensor(step / 1000, dtype=torch.float64)) ** 2
        assert float(ours.log()) == pytest.approx(float(alpha_bar[step - 1].log()), rel=0.01)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=named)
@pytest.mark.parametrize("objective", OBJECTIVES, ids=named)
def test_a_perfect_prediction_gives_back_the_motion(objective: Objective, schedule: Schedule) -> None:
    x0, noise = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    for time in torch.linspace(0.05, 0.999, 7, dtype=torch.float64):
        alpha, sigma = schedule.alpha(time), schedule.sigma(time)
        x_t = alpha * x0 + sigma * noise
        output = objective.target(x0, noise, alpha, sigma)
        torch.testing.assert_close(objective.clean(output, x_t, alpha, sigma), x0, rtol=1e-9, atol=1e-9)


def test_on_the_straight_path_the_flow_is_the_velocity() -> None:
    path, (x0, noise) = StraightPath(), torch.randn(2, 3, 5, 4, dtype=torch.float64)
    x_t = [path.alpha(t) * x0 + path.sigma(t) * noise for t in torch.tensor([0.3, 0.7], dtype=torch.float64)]
    torch.testing.assert_close((x_t[1] - x_t[0]) / 0.4, PredictFlow().target(x0, noise, x0, x0))


def gaussian(mean: float, std: float, schedule: Schedule) -> Denoise:
    """E[x0 | x_t] for x0 ~ N(mean, std^2)."""

    def denoise(x_t: Tensor, time: Tensor) -> Tensor:
        alpha, sigma = schedule.alpha(time), schedule.sigma(time)
        return mean + alpha * std**2 / (alpha**2 * std**2 + sigma**2) * (x_t - alpha * mean)

    return denoise


SMOOTH = [CosineSchedule(floor=1e-8), LinearSchedule(), StraightPath()]


@pytest.mark.parametrize("schedule", SMOOTH, ids=named)
@pytest.mark.parametrize(
    "sampler",
    [DDIM(steps=400), Euler(steps=400), Heun(steps=80), Multistep(steps=60), Multistep(steps=400, shift=3.0)],
    ids=named,
)
def test_every_sampler_reaches_a_gaussian(sampler: Sampler, schedule: Schedule) -> None:
    noise = torch.randn(1, 2000, 1, dtype=torch.float64)
    sample = sampler(gaussian(0.7, 0.3, schedule), lambda _: noise, schedule)
    # The flow of a Gaussian is affine: the sample is mean + std * noise.
    torch.testing.assert_close(sample, 0.7 + 0.3 * noise, rtol=0, atol=0.02)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=named)
def test_euler_on_the_straight_path_behind_a_schedule_is_ddim(schedule: Schedule) -> None:
    noise = torch.randn(1, 6, 2, dtype=torch.float64)

    def denoise(x_t: Tensor, time: Tensor) -> Tensor:
        return torch.tanh(x_t + time)

    ddim, euler = (sampler(steps=5)(denoise, lambda _: noise, schedule) for sampler in (DDIM, Euler))
    torch.testing.assert_close(euler, ddim)


def miss(sampler: Sampler, schedule: Schedule) -> float:
    """How far samples of a Gaussian mixture's own denoiser are from those of many steps: root mean square."""
    noise = torch.randn(1, 4000, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def denoise(x_t: Tensor, time: Tensor) -> Tensor:
        alpha, sigma = schedule.alpha(time), schedule.sigma(time)
        means, spread = torch.tensor([-1.0, 1.0], dtype=torch.float64), (0.6 * alpha) ** 2 + sigma**2
        share = (-((x_t - alpha * means) ** 2) / (2 * spread)).softmax(-1)
        seen = means + alpha * 0.36 / spread * (x_t - alpha * means)
        return (share * seen).sum(-1, keepdim=True)

    exact = Heun(steps=300)(denoise, lambda _: noise, schedule)
    return float((sampler(denoise, lambda _: noise, schedule) - exact).square().mean().sqrt())


@pytest.mark.parametrize("schedule", [CosineSchedule(), StraightPath()], ids=named)
def test_the_second_order_needs_fewer_evaluations(schedule: Schedule) -> None:
    assert miss(Multistep(steps=8), schedule) < 0.75 * miss(DDIM(steps=8), schedule)
    assert miss(Heun(steps=8), schedule) < 0.75 * miss(DDIM(steps=15), schedule)  # 15 evaluations each
    assert miss(Multistep(steps=400), schedule) < 0.02  # though the first steps may have no length


def test_a_shift_spends_steps_near_the_noise() -> None:
    times: list[float] = []

    def denoise(x_t: Tensor, time: Tensor) -> Tensor:
        times.append(float(time))
        return x_t

    Euler(steps=4, shift=3.0)(denoise, lambda _: torch.ones(1, 1, 1), StraightPath())
    assert times == pytest.approx([1.0, 0.9, 0.75, 0.5])
    with pytest.raises(ValueError, match="shift is above 0"):
        Heun(steps=4, shift=0.0)


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


@pytest.mark.parametrize("schedule", SMOOTH, ids=named)
def test_ancestral_sampling_reaches_a_gaussian_with_noise_of_its_own_for_every_step(schedule: Schedule) -> None:
    draws: list[int] = []

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


@pytest.mark.parametrize("sampler", [DDIM, Ancestral, Euler, Heun, Multistep])
def test_samplers_need_a_step(sampler: type[DDIM]) -> None:
    with pytest.raises(ValueError, match="at least one step"):
        sampler(steps=0)
