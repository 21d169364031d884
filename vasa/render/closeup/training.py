"""Training of closeups with Lightning: nothing but the patch is drawn, so that a step costs little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import torch
import torch.nn.functional as F
from einops import repeat
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics.functional.image import peak_signal_noise_ratio as psnr
from torchvision.utils import make_grid

from vasa.render.closeup import surface, teeth
from vasa.render.closeup.drawing import Drawing, bent
from vasa.render.closeup.network import Closeup
from vasa.render.losses import PerceptualLoss
from vasa.render.meaning import Meaning
from vasa.render.scenes import EYES, MOUTH, eyes_and_mouth, jitter
from vasa.render.volume import VolumeRenderer
from vasa.training import Optimisation, chance, rest, weighted_sum

LOOKS = {"eyes": EYES, "mouth": MOUTH}  # what is looked at enlarged


class CloseupTraining(LightningModule):
    """Learns to redraw the patch of one frame of a clip as that of others; the rest of the renderer stays as it is.

    weights: of the losses `pixel` (mean of w |x - y|, w = 1 + emphasis on eyes and mouth), `place` (how far from the
    driver's places on the head those of skin are that are looked up: the labels of films say how it moves),
    `perceptual`, `eyes` and `mouth` (the distance of `features`, of the patch and of both enlarged; absent without
    features), `smooth` (mean change of the steps of skin from pixel to pixel), `paint` (the share of skin that is
    painted and not looked up), `inside` (what of it is painted must be the inside of a mouth, see `Mouth.missed`),
    `teeth` (where they are in it, see `vasa.render.closeup.teeth.missed`) and `eyeballs` (where they show, see
    `Eyes.missed`). every: of so many drivers one is looked at with the features, which
    cost as much as all else. labelled: share of frames whose dynamics are those that their labels stand for, the others
    are seen by the encoder. colour, bend: how much colours and proportions of faces vary, the same for source and
    driver: more people. parts: names of those parts of the closeup that learn, None where all of it does. learning_rate
    and the rest: see `vasa.training.Optimisation`.
    Raises ValueError for a renderer without closeup or meaning, and for parts that a closeup does not have.
    """

    def __init__(
        self, renderer: VolumeRenderer, *, weights: Mapping[str, float], learning_rate: float, warmup: int, steps: int,
        hold: float, seed: int, labelled: float, colour: float, bend: float, emphasis: float,
        features: nn.Module | None = None, every: int = 1, parts: Sequence[str] | None = None,
        weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__()
        if renderer.closeup is None or renderer.meaning is None:
            raise ValueError("A closeup learns in a renderer that has one, and a meaning; give it both first.")
        self.renderer, self.weights = renderer.requires_grad_(False), dict(weights)
        for part in parts_of(renderer.closeup, parts):
            part.requires_grad_(True)
        self.perceptual = None if features is None else PerceptualLoss(features=features, reach=None)
        self.every = every
        self.seed, self.labelled, self.colour, self.bend = seed, labelled, colour, bend
        self.register_buffer("emphasis", weighed(renderer.closeup, emphasis), persistent=False)
        self.optimisation = Optimisation(
            learning_rate=learning_rate, warmup=warmup, steps=steps, hold=hold, betas=(0.9, 0.99),
            weight_decay=weight_decay,
        )  # fmt: skip
        self.train()

    emphasis: Tensor

    def train(self, mode: bool = True) -> Self:
        """As usual, but all of the renderer that does not learn stays in evaluation mode."""
        super().train(mode)
        rest(self.renderer)
        return self

    @property
    def closeup(self) -> Closeup:
        assert self.renderer.closeup is not None
        return self.renderer.closeup

    @property
    def meaning(self) -> Meaning:
        assert self.renderer.meaning is not None
        return self.renderer.meaning

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        return weighted_sum(
            self, self.losses(self.drawing(batch, chance(self, self.seed, batch_idx))), self.weights
        )  # fmt: skip

    def drawing(self, batch: dict[str, Tensor], random: torch.Generator | None) -> Drawing:
        """The patches of a batch's drivers, redrawn from its sources and as they are; without chance nothing varies."""
        frames = batch["frames"].float() / 255
        if random is not None:
            frames = jitter(frames, random, self.colour)
        aside = bent(self.closeup, len(frames), self.bend, random).to(frames)
        latents = self._latents(frames, batch, random)
        return Drawing.of(self.closeup, frames, batch["place"], batch["behind"], latents, aside)

    @torch.no_grad()
    def _latents(self, frames: Tensor, batch: dict[str, Tensor], random: torch.Generator | None) -> Tensor:
        """Those that labels stand for, for a share of all frames, and those that the encoder sees, at labelled poses:
        [B, 1 + n, M]. A closeup whose sources were all seen, and misread, would learn to change little."""
        dynamics = self.meaning.dynamics_of(batch["expression"])
        if random is not None:
            seen = (torch.rand(dynamics.shape[:2], generator=random) >= self.labelled).to(dynamics.device)
            dynamics[seen] = self.renderer.dynamics(frames[seen], batch["pose"][seen]).float()
        return torch.cat([batch["pose"], dynamics], dim=2)

    def losses(self, drawing: Drawing) -> dict[str, Tensor]:
        """Every loss, unweighted."""
        at = surface.places(self.closeup.rows, self.closeup.columns, drawing.made)
        share = surface.share(at, lowest=self.closeup.lowest)
        weight, painted = self.emphasis * share, 1 - drawing.change[:, 2]
        found = {
            "pixel": (weight * (drawing.made - drawing.truth).abs()).mean(),
            "place": (weight * drawing.astray).mean(),
            "smooth": sum(
                ((drawing.change[:, :2].diff(dim=dim).abs()).mean() for dim in (2, 3)), start=share.new_zeros(())
            ),
            "paint": (share * painted).mean(),
            "inside": (share * self.closeup.mouth.missed(painted, drawing.inside, drawing.closed)).mean(),
            "teeth": teeth.missed(drawing.teeth, drawing.truth, drawing.inside).mean(),
            "eyeballs": self.closeup.eyes.missed(drawing.eyeballs_said, drawing.eyeballs).mean(),
        }
        if self.perceptual is None:
            return found
        truth = drawing.truth[:: self.every]
        made = torch.lerp(truth, drawing.made[:: self.every], share)  # beyond the edges there is nothing to tell apart
        near = {name: [self._near(p, part) for p in (made, truth)] for name, part in LOOKS.items()}
        return found | {
            name: self.perceptual.between(*pair) for name, pair in {"perceptual": (made, truth), **near}.items()
        }

    def _near(self, patch: Tensor, part: tuple[tuple[float, float], tuple[float, float]]) -> Tensor:
        """What of patches [N, 3, rows, columns] lies in these ranges of canonical x and y, at twice its size."""
        corners = (surface.on_square(torch.tensor(part).mT) + 1) / 2  # left top, right bottom
        sizes = torch.tensor([self.closeup.columns, self.closeup.rows])
        (left, top), (right, bottom) = (corners * sizes).round().int().tolist()
        return F.interpolate(patch[..., top:bottom, left:right], scale_factor=2.0, mode="bilinear")

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        drawing = self.drawing(batch, None)
        still = repeat(drawing.source, "b ... -> (b n) ...", n=len(drawing.made) // len(drawing.source))
        error, left = ((self.emphasis * (x - drawing.truth).abs()).mean() for x in (drawing.made, still))
        found = {"psnr": psnr(drawing.made, drawing.truth, data_range=1.0, dim=(1, 2, 3)), "of_still": error / left}
        self.log_dict(
            {f"held_out/{name}": value for name, value in found.items()},
            prog_bar=True,
            batch_size=len(still),
            sync_dist=self.trainer.world_size > 1,
        )
        board = getattr(self.logger, "experiment", None)
        if batch_idx == 0 and board is not None and hasattr(board, "add_image"):
            rows = torch.cat([still[:16], drawing.made[:16], drawing.truth[:16]])
            board.add_image("held_out", make_grid(rows, nrow=min(16, len(still))), self.global_step)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.optimisation.of(value for value in self.closeup.parameters() if value.requires_grad)


def parts_of(closeup: Closeup, names: Sequence[str] | None) -> list[nn.Module]:
    """The named parts, the whole without names; raises ValueError for one that is not there."""
    there = dict(closeup.named_children())
    if unknown := sorted(set(names or ()) - there.keys()):
        raise ValueError(f"A closeup has no part {unknown[0]!r}; it has {', '.join(there)}.")
    return [closeup] if names is None else [there[name] for name in names]


def weighed(closeup: Closeup, emphasis: float) -> Tensor:
    """1, and 1 + emphasis about eyes and mouth: [rows, columns]."""
    x, y = surface.places(closeup.rows, closeup.columns, closeup.basis.detach()).unbind(-1)
    eyes, mouth = eyes_and_mouth(x, y)
    return 1 + emphasis * (eyes | mouth).float()
