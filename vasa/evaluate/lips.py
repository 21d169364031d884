"""Whether the mouth follows the sound. Openings are tracks [T], larger is more open, in any unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vasa.people.phones import PHONE_INDEX, SIL

CLOSED = tuple(PHONE_INDEX[p] for p in ("P", "B", "M"))
OPEN = tuple(PHONE_INDEX[p] for p in ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "EY", "OW"))


@dataclass(frozen=True)
class LipMatch:
    """The highest correlation of two tracks and the lag, in frames, that gives it; positive: the picture is late."""

    r: float
    lag: float


def lip_correlation(true: Tensor, measured: Tensor, *, max_lag: int = 5) -> LipMatch:
    """Pearson correlation of two openings [T] at the best lag; frames where one is NaN are left out."""
    if true.shape != measured.shape or true.ndim != 1 or len(true) <= 2 * max_lag + 2:
        raise ValueError(
            f"Two tracks of equal length, above {2 * max_lag + 2} frames, are compared; got "
            f"{tuple(true.shape)} and {tuple(measured.shape)}."
        )
    matches = [LipMatch(_pearson(*_shifted(true, measured, lag)), lag) for lag in range(-max_lag, max_lag + 1)]
    return max(matches, key=lambda match: (match.r, -abs(match.lag)))


def pooled_correlation(true: Sequence[Tensor], measured: Sequence[Tensor], *, max_lag: int = 5) -> LipMatch:
    """The same for openings [T] of many clips together, each about its own mean.

    Clips of a second have too few frames to find a lag in; all of them have enough.
    """
    gap = torch.full((max_lag,), torch.nan)
    rows = [torch.cat([piece for one in some for piece in (one - one.nanmean(), gap)]) for some in (true, measured)]
    return lip_correlation(*rows, max_lag=max_lag)


def open_auc(measured: Tensor, phones: Tensor) -> float:
    """Probability that the mouth is more open on an open vowel than on P, B or M; NaN without both.

    measured: [T]; phones: [T], index into `vasa.people.phones.PHONES` at the middle of each frame.
    """
    known = ~measured.isnan()
    opened, closed = (measured[known & torch.isin(phones, torch.tensor(some))] for some in (OPEN, CLOSED))
    if not len(opened) or not len(closed):
        return float("nan")
    higher, equal = opened[:, None] > closed, opened[:, None] == closed
    return (higher.double() + 0.5 * equal).mean().item()


def closure_rate(measured: Tensor, phones: Tensor, *, below: float = 0.25) -> float:
    """Share of P, B and M during which the lips nearly meet; NaN where there are none.

    Nearly: the opening falls, a frame more or less, below this share of its own range, 5th to 95th percentile.
    """
    known = measured[~measured.isnan()]
    if not len(known):
        return float("nan")
    low, high = known.quantile(0.05), known.quantile(0.95)
    opening = ((measured - low) / (high - low).clamp_min(1e-6)).nan_to_num(1.0)
    closed = [opening[max(0, a - 1) : b + 1].min().item() < below for a, b in runs(phones, CLOSED)]
    return sum(closed) / len(closed) if closed else float("nan")


def shut_level(measured: Tensor, true: Tensor, *, shut: float = 0.005, share: float = 0.9) -> float:
    """What a judge measures at most, but for one frame in ten, where lips are shut; NaN where they never are.

    measured, true: [T] of the same true frames. shut: opening from which true lips touch, for labels of a film: the
    median of its P, B and M is below 0, of its vowels about 0.1.
    """
    seen = measured[(true <= shut) & ~measured.isnan()]
    return seen.quantile(share).item() if len(seen) else float("nan")


def shut_on_closed(measured: Tensor, phones: Tensor, *, level: float) -> Tensor:
    """Whether the lips close fully on each P, B and M: [n] bool.

    Fully: the opening falls, a frame more or less, to the level at which lips touch (`shut_level`). Stretches in which
    nothing was measured are left out.
    """
    least = [measured[max(0, a - 1) : b + 1] for a, b in runs(phones, CLOSED)]
    return torch.tensor([bool(some.nan_to_num(torch.inf).min() <= level) for some in least if not some.isnan().all()])


def silent(phones: Tensor, *, settled: int = 5) -> Tensor:
    """[T]: frames of silence that lie at least `settled` frames away from speech."""
    quiet = torch.zeros(len(phones), dtype=torch.bool)
    for start, end in runs(phones, (PHONE_INDEX[SIL],)):
        first = start if start == 0 else start + settled
        last = end if end == len(phones) else end - settled
        quiet[first : max(first, last)] = True
    return quiet


def runs(phones: Tensor, some: tuple[int, ...]) -> list[tuple[int, int]]:
    """[start, end) of every stretch of frames whose phone is one of some."""
    inside = [False, *torch.isin(phones, torch.tensor(some)).tolist(), False]
    edges = [n for n in range(len(inside) - 1) if inside[n] != inside[n + 1]]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _shifted(true: Tensor, measured: Tensor, lag: int) -> tuple[Tensor, Tensor]:
    length = len(true) - abs(lag)
    return true[max(0, -lag) :][:length], measured[max(0, lag) :][:length]


def _pearson(a: Tensor, b: Tensor) -> float:
    known = ~(a.isnan() | b.isnan())
    a, b = (x[known].double() - x[known].double().mean() for x in (a, b))
    spread = (a.square().mean() * b.square().mean()).sqrt()
    return (((a * b).mean() / spread).item()) if spread > 1e-12 else 0.0
