"""What one training step renders: each pass is made once, when a loss first asks for it."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from vasa.render.truth import Truth
from vasa.render.volume import Shown, VolumeRenderer, spread
from vasa.types import Motion, Portrait


class Passes:
    """Self-reenactment of B sources by n drivers each, and the passes that only some losses need.

    of_source: the sources' motion, T = 1; latents [B * n, M] of their drivers. foreground: pictures are compared on the
    person alone (MegaPortraits 3: all losses on the foreground only).
    """

    def __init__(
        self, renderer: VolumeRenderer, source: Truth, target: Truth, *, of_source: Motion, latents: Tensor,
        foreground: bool,
    ) -> None:  # fmt: skip
        self.renderer, self.source, self.target = renderer, source, target
        self.of_source, self.latents, self.foreground = of_source, latents, foreground
        self.sources = len(source.pose)

    @cached_property
    def portrait(self) -> Portrait:
        """The sources, remembered."""
        return self.renderer.remember(self.source.picture, self.of_source)

    @cached_property
    def shown(self) -> Shown:
        """Every source as each of its drivers: [B * n]."""
        return self.renderer.show(spread(self.portrait, len(self.latents) // self.sources), self.latents)

    @cached_property
    def picture(self) -> Tensor:
        """What is to equal the truth: [B * n, 3, H, W]; outside the foreground it is the truth, which asks nothing."""
        return on_foreground(self.shown.picture, self.target) if self.foreground else self.shown.picture

    @cached_property
    def drivers(self) -> Tensor:
        """Latents of each source's first driver: [B, M]."""
        return self.latents[:: len(self.latents) // self.sources]

    @cached_property
    def own(self) -> Shown:
        """Every source as its own first driver: [B], part of `shown`."""
        step = len(self.latents) // self.sources
        return Shown(**{name: value[::step] for name, value in vars(self.shown).items()})

    @cached_property
    def crossed(self) -> Shown:
        """Another clip's source as this one's first driver: [B]."""
        return self.renderer.show(another_portrait(self.portrait, self), self.drivers)

    @cached_property
    def two_routes(self) -> tuple[Tensor, Tensor]:
        """Source's pose with first driver's dynamics, made from the driver and made from the source: [B, 3, H, W] each
        (VASA-1 3.1)."""
        mixed = torch.cat([self.of_source.frames()[:, :6], self.drivers[:, 6:]], dim=1)
        of_driver = Motion(self.drivers[:, None, :6], self.drivers[:, None, 6:])
        driver = self.renderer.remember(self.target.first(self.sources).picture, of_driver)
        return self.renderer.show(driver, mixed).picture, self.renderer.show(self.portrait, mixed).picture

    def another(self, values: Tensor) -> Tensor:
        """Of every source, what belongs to another clip: [B, ...] -> [B, ...]; raises ValueError where there is one."""
        if self.sources < 2:
            raise ValueError("Losses between people need two sources in a batch: set data.batch_size=2 or more.")
        return values.roll(1, dims=0)

    def read_again(self, picture: Tensor) -> Tensor:
        """The dynamics seen in pictures made with the first drivers' motion: [B, 3, H, W] -> [B, M - 6]."""
        return self.renderer.dynamics(picture, self.drivers[:, :6]).float()


class Term(Protocol):
    """A loss of what a training step renders."""

    def __call__(self, passes: Passes) -> Tensor:
        """One number."""
        ...


def on_foreground(picture: Tensor, truth: Truth) -> Tensor:
    """The picture on the person and the truth behind: [B, 3, H, W]."""
    person = truth.foreground()
    return person * picture + (1 - person) * truth.picture


def another_portrait(portrait: Portrait, passes: Passes) -> Portrait:
    """Each portrait in the place of the next one's: batch B -> B."""
    return portrait.map(passes.another)
