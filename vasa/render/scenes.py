"""From a film's batch to what one training step needs: pictures varied in colour, labels in the network's units."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor

from vasa.render.augment import DriverAugmentation
from vasa.render.closeup.eyes import BAND
from vasa.render.truth import Truth

EYES, MOUTH = ((-0.43, 0.43), BAND), ((-0.27, 0.27), (0.08, 0.43))  # canonical x and y ranges of the emphasis
BLINKS = slice(-3, -1)  # their place among the labels of expression, see `vasa.data.film.expression`
CLOSED = 5.0  # how much more closed eyes count than open ones: they are seldom, and small


@dataclass(frozen=True)
class Readings:
    """Pictures of anybody, to be read and not shown: what the pose encoder sees and what dynamics are read from, both
    [R, 3, H, W], with pose [R, 6] and expression [R, E]."""

    seen: Tensor
    bent: Tensor
    pose: Tensor
    expression: Tensor


@dataclass(frozen=True)
class Scene:
    """A source and its drivers: [B] and [B * n]; `driver_seen` is what the pose encoder sees of them, and `driver_bent`
    what their dynamics are read from."""

    source: Truth
    target: Truth
    driver_seen: Tensor
    driver_bent: Tensor
    readings: Readings


def scene(
    batch: dict[str, Tensor], random: torch.Generator, *, colour: float, emphasis: float,
    augment: DriverAugmentation | None = None,
) -> Scene:  # fmt: skip
    """Varies colours alike for source and target (more people), and once more for what the motion encoder sees
    (MegaPortraits 3, driver augmentation), of drivers and readings: by colour alone, or by `augment`.

    batch: frames [B, 1 + n, 3, H, W] uint8 and their labels, see `vasa.data.film.FilmPairs`.
    """
    frames = batch["frames"].float() / 255
    frames = jitter(frames, random, colour)
    place = batch["place"].float()
    weights, eyes = emphasise(place, frames.shape[-1], emphasis, closed=batch["expression"][..., BLINKS].amax(-1))
    truth = Truth(
        picture=frames,
        place=place[:, :, :3] / 127.5 - 1,
        depth=place[:, :, 3] / 127.5 - 1,
        part=place[:, :, 4],
        pose=batch["pose"],
        expression=batch["expression"],
        emphasis=weights,
        eyes=eyes,
    )
    target = _pick(truth, slice(1, None))
    seen = jitter(target.picture[:, None], random, 2 * colour)[:, 0]
    seen, bent = (seen, seen) if augment is None else augment(seen, target.pose, random)
    return Scene(_pick(truth, slice(0, 1)), target, seen, bent, _readings(batch, random, colour, augment))


def _readings(
    batch: dict[str, Tensor], random: torch.Generator, colour: float, augment: DriverAugmentation | None
) -> Readings:
    if "read_frames" not in batch:
        none = batch["frames"][:0, 0].float()
        return Readings(none, none, batch["pose"][:0, 0], batch["expression"][:0, 0])
    frames, pose, expression = (
        rearrange(batch[f"read_{key}"], "b n ... -> (b n) ...") for key in ("frames", "pose", "expression")
    )
    seen = jitter(frames[:, None].float() / 255, random, 3 * colour)[:, 0]
    return Readings(*((seen, seen) if augment is None else augment(seen, pose, random)), pose, expression)


def _pick(truth: Truth, which: slice) -> Truth:
    return Truth(**{k: rearrange(v[:, which], "b n ... -> (b n) ...") for k, v in vars(truth).items()})


def jitter(frames: Tensor, random: torch.Generator, amount: float) -> Tensor:
    """Gain and gamma a channel, the same for all frames of a row: [B, n, 3, H, W]."""

    def draw(*shape: int) -> Tensor:
        return (torch.randn(shape, generator=random) * amount).exp().to(frames)

    rows = len(frames)
    gain = draw(rows, 1, 1, 1, 1) * draw(rows, 1, 3, 1, 1)
    gamma = draw(rows, 1, 1, 1, 1)
    return ((frames.clamp_min(1e-4) ** gamma) * gain).clamp(0, 1)


def emphasise(place: Tensor, size: int, emphasis: float, closed: Tensor) -> tuple[Tensor, Tensor]:
    """Weights 1, 1 + emphasis on the mouth and 1 + emphasis (1 + CLOSED c) on eyes that are closed by c in [0, 1].

    place [B, n, 5, h, w], closed [B, n] -> weights, and 1 about the eyes: [B, n, 1, H, W] each.
    """
    x, y = place[:, :, 0] / 127.5 - 1, place[:, :, 1] / 127.5 - 1
    eyes, mouth = ((part & (place[:, :, 4] == 2)).float() for part in eyes_and_mouth(x, y))
    weights = 1 + emphasis * (eyes * (1 + CLOSED * closed[..., None, None]) + mouth)
    weights, eyes = (F.interpolate(x, size=(size, size), mode="nearest")[:, :, None] for x in (weights, eyes))
    return weights, eyes


def eyes_and_mouth(x: Tensor, y: Tensor) -> list[Tensor]:
    """Whether canonical places lie about the eyes, and about the mouth: two of the shape of x and y."""
    return [(x > a) & (x < b) & (y > c) & (y < d) for (a, b), (c, d) in (EYES, MOUTH)]


def mixed(label: Tensor, seen: Tensor, random: torch.Generator, share: float) -> Tensor:
    """What labels say for a share of the rows, what encoders see for the rest: [B, I]."""
    chosen = (torch.rand(len(label), generator=random) < share).to(label.device)
    return torch.where(repeat(chosen, "b -> b i", i=label.shape[1]), label, seen)
