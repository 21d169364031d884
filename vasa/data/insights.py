"""What a face reader sees in films, and the dynamics that labels say it shows: how `ReaderDynamics` are taught.

The reader keeps its weights, so that what it sees of a frame is worked out once; two layers on that are a small
regression. Not in the papers, whose encoders are trained along with their renderers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from vasa.data.clip import Clip
from vasa.data.film import expression
from vasa.face.scores import correlation
from vasa.render.meaning import Meaning
from vasa.render.reader_dynamics import ReaderDynamics
from vasa.render.rebase import regressed
from vasa.render.scenes import jitter
from vasa.training import Optimisation

POSE_OFF = (0.0, 0.0, 0.03, 0.015, 0.02, 0.04)  # standard deviations of a pose that is misread
COLOUR_OFF = 0.15  # see `vasa.render.scenes.jitter`


@dataclass(frozen=True)
class Insights:
    """What a reader saw [F, I] in frames with labels [F, E]."""

    seen: Tensor
    labels: Tensor


@torch.inference_mode()
def insights(
    dynamics: ReaderDynamics, clips: Sequence[Clip], *, frames: int, views: int, seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> Insights:  # fmt: skip
    """So many frames of every clip, evenly spaced; each as it is, or in views of other colours and of poses that are a
    little misread. `progress` is called after every clip."""
    random, seen, labels = torch.Generator().manual_seed(seed), [], []
    for clip in clips:
        chosen = np.unique(np.linspace(0, len(clip) - 1, frames).round().astype(int))
        pictures, pose = clip.frames(chosen).float() / 255, clip.labels["pose"][chosen]
        for _ in range(views):
            shown, at = _changed(pictures, pose, random) if views > 1 else (pictures, pose)
            seen.append(dynamics.insight(shown, at))
            labels.append(expression(clip.labels)[chosen])
        progress()
    return Insights(torch.cat(seen), torch.cat(labels))


def _changed(pictures: Tensor, pose: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    coloured = jitter(rearrange(pictures, "f c h w -> f 1 c h w"), random, COLOUR_OFF)
    off = torch.tensor(POSE_OFF) * torch.randn(pose.shape, generator=random)
    return rearrange(coloured, "f 1 c h w -> f c h w"), pose + off


def fit(
    dynamics: ReaderDynamics, found: Insights, meaning: Meaning, *, steps: int, batch_size: int, learning_rate: float,
    weight_decay: float, ridge: float, seed: int = 0,
) -> None:  # fmt: skip
    """Begin with the straight line of least squares, then teach the units beside it (AdamW; half of the steps at the
    full rate, then a cosine; none leaves the line). Raises ValueError for fewer frames than numbers to fit."""
    goal, random = meaning.dynamics_of(found.labels), torch.Generator().manual_seed(seed)
    straight(dynamics, *regressed(found.seen, goal, ridge=ridge))
    taught = [weight for weight in dynamics.parameters() if weight.requires_grad]
    course = Optimisation(learning_rate=learning_rate, warmup=0, steps=steps, hold=0.5, weight_decay=weight_decay)
    (optimizer, schedule), spread = course.pair(taught), goal.std()
    dynamics.train()
    for _ in range(steps):
        rows = torch.randint(len(goal), (batch_size,), generator=random)
        loss = ((dynamics.say(found.seen[rows]) - goal[rows]) / spread).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    dynamics.eval()


@torch.no_grad()
def straight(dynamics: ReaderDynamics, weight: Tensor, bias: Tensor) -> None:
    """Let dynamics be weight [D, I] times insights plus bias [D], and their units say nothing yet."""
    dynamics.last.weight.zero_()
    dynamics.last.weight[:, : weight.shape[1]] = weight
    dynamics.last.bias.copy_(bias)


@torch.no_grad()
def errors(dynamics: ReaderDynamics, found: Insights, meaning: Meaning) -> dict[str, float]:
    """How well insights nobody was taught are read: error as a share of the dynamics' variance, how often the strongest
    emotion is right, and correlations of eyes, blinks and lip opening with their labels."""
    said, goal = dynamics.say(found.seen), meaning.dynamics_of(found.labels)
    told, true = meaning(said), found.labels
    kept = {"eyes_yaw": -5, "eyes_pitch": -4, "blink_right": -3, "blink_left": -2, "lip_opening": -1}
    moods = slice(-13, -5)  # see `vasa.data.film.expression`
    right = told[:, moods].argmax(1) == true[:, moods].argmax(1)
    correlations = {f"{name}_r": float(correlation(told[:, place], true[:, place])) for name, place in kept.items()}
    share = (said - goal).square().mean() / goal.var(0).mean()
    return {"unexplained": float(share), "emotion": float(right.float().mean())} | correlations
