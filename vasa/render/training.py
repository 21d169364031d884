"""Training of renderers with Lightning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import torch
from einops import rearrange
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
from torchmetrics.functional.image import peak_signal_noise_ratio as psnr
from torchmetrics.functional.image import structural_similarity_index_measure as ssim

from vasa.render import losses as terms_of
from vasa.render import sheet
from vasa.render.augment import DriverAugmentation
from vasa.render.closeup import Closeup
from vasa.render.meaning import Meaning
from vasa.render.passes import Passes, Term
from vasa.render.reader_dynamics import ReaderDynamics
from vasa.render.scenes import Scene, mixed, scene
from vasa.render.volume import Shown, VolumeRenderer, spread
from vasa.training import Optimisation, chance, rest, weighted_sum
from vasa.types import Motion, Portrait

# What parts do beside their forward.
_BESIDE = {Meaning: ("dynamics_of",), Closeup: ("look",), ReaderDynamics: ("pose_of",)}

OF_LABELS = ("pose", "expression", "spread", "pixel", "moved", "field", "depth", "route")  # losses there always are


class RendererTraining(LightningModule):
    """Learns to show a clip's other frames from one of them (self-reenactment).

    weights: name of a loss -> its weight; losses of weight 0 are still logged. terms: losses beside those of labels,
    see `vasa.render.losses`. foreground: pictures are compared on the person alone. trust: share of rows that are posed
    by their label, the others by the pose encoder; labelled: share of drivers whose dynamics are those their labels
    stand for, see `Meaning`, so that what is rare in films or hard to see is shown at its full size. colour, emphasis,
    augment: see `vasa.render.scenes`. learning_rate falls to `lowest` of itself, see `vasa.training.Optimisation`.
    Raises ValueError for a renderer without a meaning, and for a weight of no loss.
    """

    def __init__(
        self, renderer: VolumeRenderer, *, weights: Mapping[str, float], terms: Mapping[str, Term],
        learning_rate: float, warmup: int, steps: int, hold: float, seed: int, trust: float, colour: float,
        emphasis: float, labelled: float = 0.0, augment: DriverAugmentation | None = None, foreground: bool = False,
        lowest: float = 0.0, betas: Sequence[float] = (0.9, 0.99), weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__()
        if renderer.meaning is None:
            raise ValueError("A renderer learns from labels with a `vasa.render.meaning.Meaning`; give it one first.")
        if idle := sorted(name for name in weights.keys() - {*OF_LABELS, *terms} if weights[name]):
            raise ValueError(f"There is no loss {idle[0]!r} to weigh; there are {', '.join((*OF_LABELS, *terms))}.")
        self.renderer, self.weights = renderer, dict(weights)
        self.labelled, self.foreground = labelled, foreground
        self.expression = terms_of.ExpressionLoss()
        self.pixel, self.spread, self.pose = terms_of.PixelLoss(), terms_of.SpreadLoss(), terms_of.PoseLoss()
        self.field, self.depth, self.route = terms_of.FieldLoss(), terms_of.DepthLoss(), terms_of.RouteLoss()
        self.terms = nn.ModuleDict(terms)  # type: ignore[arg-type]
        self.optimisation = Optimisation(
            learning_rate=learning_rate, warmup=warmup, steps=steps, hold=hold, lowest=lowest,
            betas=(betas[0], betas[1]), weight_decay=weight_decay,
        )  # fmt: skip
        self.seed, self.trust, self.colour, self.emphasis, self.augment = seed, trust, colour, emphasis, augment
        self.train()

    def train(self, mode: bool = True) -> Self:
        """As usual, but what is frozen stays in evaluation mode."""
        super().train(mode)
        rest(self.renderer)
        return self

    @property
    def meaning(self) -> Meaning:
        """What the renderer's dynamics stand for."""
        assert self.renderer.meaning is not None
        return self.renderer.meaning

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        found, _ = self.losses(*self.view(batch, batch_idx))
        return weighted_sum(self, found, self.weights)

    def view(self, batch: dict[str, Tensor], part: int) -> tuple[Scene, torch.Generator]:
        """A batch made ready, and this step's random numbers: they depend on seed, step, part and process alone."""
        random = chance(self, self.seed, part)
        return scene(batch, random, colour=self.colour, emphasis=self.emphasis, augment=self.augment), random

    def losses(self, view: Scene, random: torch.Generator) -> tuple[dict[str, Tensor], Passes | None]:
        """Every loss, unweighted, and what was rendered; None where the batch has no drivers."""
        source, target, read = view.source, view.target, view.readings
        label = torch.cat([source.pose, target.pose, read.pose])
        pictures = torch.cat([source.picture, view.driver_seen, read.seen])
        seen = self.renderer.pose(pictures).float()
        pose = mixed(label, seen.detach(), random, self.trust)
        if self.augment is not None:
            pictures = torch.cat([source.picture, view.driver_bent, read.bent])
        dynamics = self.renderer.dynamics(pictures, pose).float()
        found = {
            "pose": self.pose(seen, label),
            "expression": self.expression(
                self.meaning, dynamics, torch.cat([source.expression, target.expression, read.expression])
            ),
            "spread": self.spread(dynamics),
        }
        parts = [len(source.pose), len(target.pose), len(read.pose)]
        (source_pose, target_pose, _), (source_dynamics, target_dynamics, _) = pose.split(parts), dynamics.split(parts)
        if not len(target_pose):  # no drivers: the encoders learn to read, nothing is shown
            return found, None
        if self.labelled:
            told = self.meaning.dynamics_of(target.expression)
            target_dynamics = mixed(told, target_dynamics, random, self.labelled)
        passes = Passes(
            self.renderer, source, target, of_source=Motion(source_pose[:, None], source_dynamics[:, None]),
            latents=torch.cat([target_pose, target_dynamics], dim=1), foreground=self.foreground,
        )  # fmt: skip
        return found | self._shown(passes), passes

    def _shown(self, passes: Passes) -> dict[str, Tensor]:
        shown, target = passes.shown, passes.target
        found = {
            "pixel": self.pixel(passes.picture, target),
            "moved": self.pixel(shown.moved, target),
            "field": self.field(shown, target),
            "depth": self.depth(shown, target),
            "route": self.route(passes.portrait.route, passes.source),
        }
        return found | {name: term(passes) for name, term in self.terms.items()}

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        frames = batch["frames"].float() / 255
        portrait, motion = self.renderer.encode(frames[:, 0]), self.renderer.motion_of(frames[:, 1:])
        shown = self.renderer.show(spread(portrait, motion.length), motion.frames())
        with torch.autocast(self.device.type, enabled=False):  # SSIM is a difference of squares
            self._score(batch, frames, motion, shown)
        if batch_idx == 0:
            self._pictures(frames, portrait, motion, shown)

    def _score(self, batch: dict[str, Tensor], frames: Tensor, motion: Motion, shown: Shown) -> None:
        truth = rearrange(frames[:, 1:], "b n c h w -> (b n) c h w")
        error = (motion.pose - batch["pose"][:, 1:]).abs()
        self.log_dict({
            "held_out/psnr": psnr(shown.picture, truth, data_range=1.0, dim=(1, 2, 3)),
            "held_out/ssim": torch.as_tensor(ssim(shown.picture, truth, data_range=1.0)),
            "held_out/pose_degrees": error[..., :3].mean().rad2deg(),
            "held_out/pose_shift": error[..., 3:].mean(),
            "held_out/expression": self.expression(self.meaning, motion.dynamics, batch["expression"][:, 1:]),
        }, prog_bar=True, batch_size=len(frames), sync_dist=self.trainer.world_size > 1)  # fmt: skip

    def _pictures(self, frames: Tensor, portrait: Portrait, motion: Motion, shown: Shown) -> None:
        truth = rearrange(frames[:, 1:], "b n c h w -> (b n) c h w")
        made = {
            "held_out": sheet.sheet(frames[:, 0], truth, shown),
            "crossed": sheet.crossed(self.renderer, portrait, motion, frames[:, 1]),
            "canonical": sheet.canonical(self.renderer, portrait),
            "flow": sheet.flow(portrait, shown),
        }
        board = getattr(self.logger, "experiment", None)
        if board is not None and hasattr(board, "add_image"):
            for name, picture in made.items():
                board.add_image(name, picture, self.global_step)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.optimisation.of(self.taught())

    def configure_model(self) -> None:
        """Under `ModelParallelStrategy` every part is spread over the processes of its data parallel mesh (FSDP2)."""
        if self.device_mesh is not None:
            for part in self.shardable():
                for weight in part.parameters():
                    weight.data = weight.data.contiguous()  # FSDP2 takes no other memory layout
                for method in _BESIDE.get(type(part), ()):
                    register_fsdp_forward_method(part, method)
                fully_shard(part, mesh=self.device_mesh["data_parallel"], reshard_after_forward=True)

    def shardable(self) -> list[nn.Module]:
        """Everything taught, in parts that are called as a whole."""
        return [part for part in self.renderer.children() if any(True for _ in part.parameters())]

    def taught(self) -> list[nn.Parameter]:
        """What the losses' optimiser moves."""
        return [p for p in self.renderer.parameters() if p.requires_grad]
