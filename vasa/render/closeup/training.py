"""Training of closeups with Lightning: nothing but the patch is drawn, so that a step costs little."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics.functional.image import peak_signal_noise_ratio as psnr
from torchvision.utils import make_grid

from vasa.geometry import POSE
from vasa.render.closeup import surface
from vasa.render.closeup.drawing import Drawing, bent
from vasa.render.closeup.network import Closeup
from vasa.render.fixed import Fixed
from vasa.render.meaning import Meaning
from vasa.render.scenes import EYES, MOUTH, jitter, mixed
from vasa.render.volume import VolumeRenderer
from vasa.training import Optimisation, weighted_sum


class CloseupTraining(LightningModule):
    """Learns to redraw the patch of one frame of a clip as that of others; the rest of the renderer stays as it is.

    weights: of the losses `pixel` (mean of w |x - y|, w = 1 + emphasis on eyes and mouth), `place` (how far from the
    driver's places on the head those are that are looked up: the labels of films say how skin moves), `perceptual` and
    `eyes` (the distance of `features`, of the patch and of the eyes enlarged; absent without features), `read` (see
    `misread`), `smooth` (mean change of the steps from pixel to pixel) and `paint` (the share that is painted and not
    looked up). every: of so many drivers one is looked at with the features, which cost as much as
    all else. labelled: share of drivers whose dynamics are those that their labels stand for, the
    others are seen by the encoder. colour, bend: how much colours and proportions of faces vary, the same for source
    and driver: more people. learning_rate and the rest: see `vasa.training.Optimisation`.
    Raises ValueError for a renderer without closeup or meaning.
    """

    def __init__(
        self, renderer: VolumeRenderer, *, weights: Mapping[str, float], learning_rate: float, warmup: int, steps: int,
        hold: float, seed: int, labelled: float, colour: float, bend: float, emphasis: float,
        features: nn.Module | None = None, every: int = 1, weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__()
        if renderer.closeup is None or renderer.meaning is None:
            raise ValueError("A closeup learns in a renderer that has one, and a meaning; give it both first.")
        self.renderer, self.weights = renderer.requires_grad_(False), dict(weights)
        renderer.closeup.requires_grad_(True)
        self.features, self.every = None if features is None else Fixed(features), every
        self.seed, self.labelled, self.colour, self.bend = seed, labelled, colour, bend
        self.register_buffer("emphasis", weighed(renderer.closeup, emphasis), persistent=False)
        self.optimisation = Optimisation(
            learning_rate=learning_rate, warmup=warmup, steps=steps, hold=hold, betas=(0.9, 0.99),
            weight_decay=weight_decay,
        )  # fmt: skip

    emphasis: Tensor

    @property
    def closeup(self) -> Closeup:
        assert self.renderer.closeup is not None
        return self.renderer.closeup

    @property
    def meaning(self) -> Meaning:
        assert self.renderer.meaning is not None
        return self.renderer.meaning

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        number = self.global_step * (1 if self._trainer is None else self.trainer.world_size) + self.global_rank
        random = torch.Generator().manual_seed(self.seed * 999_983 + number)
        drawing = self.drawing(batch, random)
        found = self.losses(drawing) | {"read": self.misread(drawing, batch)}
        return weighted_sum(self, found, {name: self.weights[name] for name in found})

    def misread(self, drawing: Drawing, batch: dict[str, Tensor]) -> Tensor:
        """Mean squared error of what the closeup reads of the sources, against what their labels stand for."""
        return F.mse_loss(drawing.read[:, len(POSE) :], self.meaning.dynamics_of(batch["expression"][:, 0]))

    def drawing(self, batch: dict[str, Tensor], random: torch.Generator | None) -> Drawing:
        """The patches of a batch's drivers, redrawn from its sources and as they are; without chance nothing varies."""
        frames = batch["frames"].float() / 255
        if random is not None:
            frames = jitter(frames, random, self.colour)
        aside = bent(self.closeup, len(frames), self.bend, random).to(frames)
        latents = self._latents(frames, batch, random)
        return Drawing.of(self.closeup, frames, batch["place"], latents, aside)

    @torch.no_grad()
    def _latents(self, frames: Tensor, batch: dict[str, Tensor], random: torch.Generator | None) -> Tensor:
        """Of sources, as the encoder sees them, and drivers, as labels have it for a share: [B, 1 + n, M]."""
        count = frames.shape[1]
        flat = rearrange(frames, "b n c h w -> (b n) c h w")
        pose, label = (rearrange(batch[name], "b n i -> (b n) i") for name in ("pose", "expression"))
        seen = self.renderer.dynamics(flat, pose).float()
        told = mixed(self.meaning.dynamics_of(label), seen, random or torch.Generator().manual_seed(0), self.labelled)
        first = torch.arange(len(seen), device=seen.device) % count == 0
        dynamics = torch.where(first[:, None], seen, told)
        return rearrange(torch.cat([pose, dynamics], dim=1), "(b n) m -> b n m", n=count)

    def losses(self, drawing: Drawing) -> dict[str, Tensor]:
        """Every loss, unweighted."""
        share = surface.share(surface.places(self.closeup.rows, self.closeup.columns, drawing.made))
        weight = self.emphasis * share
        found = {
            "pixel": (weight * (drawing.made - drawing.truth).abs()).mean(),
            "place": (weight * drawing.astray).mean(),
            "smooth": sum(
                ((drawing.maps[:, :2].diff(dim=dim).abs()).mean() for dim in (2, 3)), start=share.new_zeros(())
            ),
            "paint": (share * (1 - drawing.maps[:, 2])).mean(),
        }
        if self.features is None:
            return found
        truth = drawing.truth[:: self.every]
        made = torch.lerp(truth, drawing.made[:: self.every], share)  # beyond the edges there is nothing to tell apart
        top, bottom = (round(self._row(y)) for y in EYES[1])
        eyes = [F.interpolate(p[:, :, top:bottom], scale_factor=2.0, mode="bilinear") for p in (made, truth)]
        return found | {"perceptual": self._apart(made, truth), "eyes": self._apart(*eyes)}

    def _row(self, y: float) -> float:
        return (y - surface.MIDDLE_Y + surface.HALF[1]) / (2 * surface.HALF[1]) * self.closeup.rows

    def _apart(self, made: Tensor, truth: Tensor) -> Tensor:
        """Mean over maps of the mean |difference| over the truth's mean."""
        assert self.features is not None
        with torch.no_grad():
            wanted = self.features(truth)
        pairs = zip(self.features(made), wanted, strict=True)
        return torch.stack([(ours - theirs).abs().mean() / theirs.abs().mean() for ours, theirs in pairs]).mean()

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        drawing = self.drawing(batch, None)
        still = repeat(drawing.source, "b ... -> (b n) ...", n=len(drawing.made) // len(drawing.source))
        error, left = ((self.emphasis * (x - drawing.truth).abs()).mean() for x in (drawing.made, still))
        found = {"psnr": psnr(drawing.made, drawing.truth, data_range=1.0, dim=(1, 2, 3)), "of_still": error / left}
        self.log_dict({f"held_out/{name}": value for name, value in found.items()}, prog_bar=True)
        board = getattr(self.logger, "experiment", None)
        if batch_idx == 0 and board is not None and hasattr(board, "add_image"):
            rows = torch.cat([still[:16], drawing.made[:16], drawing.truth[:16]])
            board.add_image("held_out", make_grid(rows, nrow=min(16, len(still))), self.global_step)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.optimisation.of(self.closeup.parameters())


def weighed(closeup: Closeup, emphasis: float) -> Tensor:
    """1, and 1 + emphasis about eyes and mouth: [rows, columns]."""
    x, y = surface.places(closeup.rows, closeup.columns, closeup.basis.detach()).unbind(-1)
    inside = [(x > a) & (x < b) & (y > c) & (y < d) for (a, b), (c, d) in (EYES, MOUTH)]
    return 1 + emphasis * (inside[0] | inside[1]).float()
