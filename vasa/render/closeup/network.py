"""The network that redraws the middle of the face in the patch's own pixels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vasa.geometry import sample_picture
from vasa.render.blocks import AdaptiveResBlock, ResBlock, conv, groups
from vasa.render.closeup import surface
from vasa.render.closeup.eyes import REMEMBERED, Eyes, sure
from vasa.render.closeup.mouth import Mouth, parted
from vasa.render.closeup.teeth import Teeth
from vasa.render.decoder import twice
from vasa.render.speed import exact

_STEPS, _PAINT = 2, 4  # numbers: step in x and y; share that is looked up, red, green, blue
EYEBALL = _STEPS + _PAINT  # the map of how much is eyeball: skin's lie before it, the eyeballs' colours behind it
_FOLD = 8  # pixels a side of the patch to one of its details


@dataclass(frozen=True)
class _Said:
    """What the network says: steps of skin at half the patch's resolution [B, 2, rows / 2, columns / 2], numbers of its
    pixels [B, _PAINT + 1, rows, columns], what it says them by at an eighth [B, widths[2], rows / 8, columns / 8], and
    what tells both latents [B, embedding]."""

    steps: Tensor
    pixels: Tensor
    deep: Tensor
    embedding: Tensor


class Closeup(nn.Module):
    """Moves and paints the face from brows to chin at its own resolution, `rows` high and `columns` wide.

    Irises, lids, brows and lips move by pixels, and a cell of the volume is four of them wide. On a surface that all
    faces share (`vasa.render.closeup.surface`) the middle of a face is a flat picture, so that a 2-D network can see
    the source's and say, for every pixel and the motion of a driver, where in the source to look instead and what to
    paint where nothing there would do, as behind lips that open. `basis` are steps that go along with what driver and
    source differ in, so that the network has only to say what is particular to a face; `mouth` paints what lips
    uncover, `teeth` lie before that, `eyes` behind the lids.

    What it says is a change: 10 maps [B, 10, rows, columns]. Six of skin: steps aside in x and y (canonical units), the
    share of each pixel that is looked up in the source, and the paint for the rest, RGB in [0, 1]. Four of eyeballs:
    how much of a pixel they are, and their colours.

    motion: M, numbers of a latent. widths: channels at 1/2, 1/4 and 1/8 of the patch's resolution. blocks: at the last.
    embedding: numbers by which latents steer the blocks. lowest: canonical y down to which the face is redrawn; below
    it is left as it was decoded: 0.1 leaves the mouth, 1 nothing. Not in the papers: warping with what is painted over
    it is from X2Face and FOMM (Siarohin et al. 2019, 3.2).
    Raises ValueError where a side is no multiple of 8, or there are not three widths.
    """

    STEP = 0.2  # canonical units that skin is looked up aside at most

    def __init__(
        self, *, motion: int, rows: int, columns: int, widths: Sequence[int], blocks: int, embedding: int,
        lowest: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__()
        if rows % 8 or columns % 8 or len(widths) != 3:
            raise ValueError(f"A closeup has sides of multiples of 8 and 3 widths; got {rows} x {columns}, {widths}.")
        self.rows, self.columns, self.widths, self.lowest = rows, columns, tuple(widths), lowest
        self.first = conv(2, 4 * 5, widths[0], 1)
        self.down = nn.ModuleList(ResBlock(2, a, b) for a, b in zip((widths[0], *widths), widths, strict=False))
        self.embed = nn.Sequential(nn.Linear(2 * motion, embedding), nn.ReLU(), nn.Linear(embedding, embedding))
        self.deep = nn.ModuleList(AdaptiveResBlock(2, widths[2], widths[2], embedding=embedding) for _ in range(blocks))
        self.narrow = nn.ModuleList(conv(2, low, high, 1) for high, low in itertools.pairwise(widths))
        self.up = nn.ModuleList(AdaptiveResBlock(2, high, high, embedding=embedding) for high in widths[:2])
        self.norm = nn.GroupNorm(groups(widths[0]), widths[0])
        self.last = conv(2, widths[0], _STEPS + 4 * (_PAINT + 1))
        nn.init.zeros_(self.last.weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]
        self.basis = nn.Parameter(torch.zeros(motion, 2, rows // 4, columns // 4))
        self.mouth = Mouth(rows=rows, columns=columns, embedding=embedding)
        self.teeth = Teeth(rows=rows, columns=columns, features=widths[2], embedding=embedding)
        self.eyes = Eyes(motion=motion, rows=rows, columns=columns)

    def patch(self, picture: Tensor, pose: Tensor, aside: Tensor | None = None) -> Tensor:
        """The patch of pictures [B, 3, S, S] in poses [B, 6], looked up `aside` [B, rows, columns, 2], if anything, of
        its places: [B, 3, rows, columns]."""
        with exact(picture.device):  # half precision would put places a pixel off
            return sample_picture(picture, surface.on_picture(self.places(pose, aside), pose.float()))

    def look(self, picture: Tensor, own: Tensor, aside: Tensor | None = None) -> Tensor:
        """The source side, once: pictures [B, 3, S, S], latents [B, M] -> details [B, *self.details]: features, and
        what is remembered of the eyes of a face that does what the latents say."""
        seen = self.patch(picture, own[:, :6], aside)
        spots = rearrange(surface.on_square(self.places(seen)), "b h w i -> b i h w")
        x, found = self.first(F.pixel_unshuffle(torch.cat([seen * 2 - 1, spots], dim=1), 2)), []
        for number, block in enumerate(self.down):
            x = block(F.avg_pool2d(x, 2) if number else x)
            found.append(F.pixel_unshuffle(x, 4 >> number))
        features = torch.cat(found, dim=1)
        said = self._said(features, own, own).pixels[:, _PAINT:]
        with exact(picture.device):
            eyes = self.eyes.look(seen.float(), said, own.float())
        return torch.cat([features, F.pixel_unshuffle(eyes, _FOLD).to(features)], dim=1)

    @property
    def details(self) -> tuple[int, int, int]:
        """The size of what `look` remembers of a face."""
        return sum(self._folded()) + REMEMBERED * _FOLD**2, self.rows // _FOLD, self.columns // _FOLD

    def seen_eyes(self, details: Tensor) -> Tensor:
        """What details hold of a source's eyes, see `Eyes.look`: [B, REMEMBERED, rows, columns]."""
        return F.pixel_shuffle(details[:, sum(self._folded()) :], _FOLD).float()

    def forward(self, details: Tensor, own: Tensor, latents: Tensor) -> Tensor:
        """How faces with these details and latents own [B, M] change to do as latents [B, M] say: maps, see above."""
        return self.with_teeth(details, own, latents)[0]

    def with_teeth(self, details: Tensor, own: Tensor, latents: Tensor) -> tuple[Tensor, Tensor]:
        """The same maps, and how much of each pixel would be teeth if no lips covered it [B, 1, rows, columns]."""
        said = self._said(details[:, : sum(self._folded())], own, latents)
        with exact(details.device):
            own, latents, embedding = own.float(), latents.float(), said.embedding.float()
            change = latents - own
            straight = torch.einsum("b m, m i h w -> b i h w", change, self.basis)
            by = _finer(self.STEP * (said.steps + _finer(straight)).tanh())
            share = self.mouth.even((said.pixels[:, :1] + 3).sigmoid())
            paint = (said.pixels[:, 1:_PAINT] + self.mouth(1 - share, embedding)).sigmoid()
            teeth, colours = self.teeth(said.deep.float(), embedding)
            paint = torch.lerp(paint, colours, teeth.detach())  # pictures would unlearn where they are
            eyeballs = self.eyes(said.pixels[:, _PAINT:], self.seen_eyes(details), change)
            return torch.cat([by, share, paint, eyeballs], dim=1), teeth

    def _said(self, features: Tensor, own: Tensor, latents: Tensor) -> _Said:
        high, middle, x = self._unpacked(features)
        embedding = self.embed(torch.cat([own, latents], dim=1))
        for block in self.deep:
            x = block(x, embedding)
        deep = x
        for number, skip in ((1, middle), (0, high)):
            x = self.up[number](twice(self.narrow[number](x)) + skip, embedding)
        out = self.last(F.relu(self.norm(x))).float()
        return _Said(out[:, :_STEPS], F.pixel_shuffle(out[:, _STEPS:], 2), deep, embedding)

    def drawn(self, change: Tensor, picture: Tensor, own: Tensor, aside: Tensor | None = None) -> Tensor:
        """The patch itself, redrawn from sources [B, 3, S, S] of latents own [B, M]: [B, 3, rows, columns]."""
        with exact(picture.device):
            return redrawn(change, picture, own[:, :6].float(), self.places(own, aside))

    def over(
        self, shown: Tensor, picture: Tensor, details: Tensor, own: Tensor, latents: Tensor
    ) -> Tensor:  # fmt: skip
        """Pictures shown [B, 3, S, S] of latents [B, M] with the middle of the face redrawn from sources `picture`, of
        the same size, with their details [B, *self.details] and latents own [B, M]: [B, 3, S, S]."""
        change = self(details, own, latents)
        with exact(shown.device):
            at, facing = surface.on_patch(latents[:, :6].float(), shown.shape[-1])
            face = redrawn(surface.read(change, at), picture, own[:, :6].float(), at)
            share = surface.share(at, facing, lowest=self.lowest)[:, None]
            return torch.lerp(shown, face.to(shown.dtype), share.to(shown.dtype))

    def places(self, like: Tensor, aside: Tensor | None = None) -> Tensor:
        """Canonical places of the patch's pixels, for as many faces as `like` [B, ...] has: [B, rows, columns, 2]."""
        at = surface.places(self.rows, self.columns, like).expand(len(like), -1, -1, -1)
        return at if aside is None else at + aside

    def _folded(self) -> list[int]:
        """Channels of each width at 1/8 of the patch's resolution."""
        return [width * (4 >> number) ** 2 for number, width in enumerate(self.widths)]

    def _unpacked(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features at 1/2, 1/4 and 1/8 of the patch's resolution."""
        high, middle, low = features.split(self._folded(), dim=1)
        return F.pixel_shuffle(high, 4), F.pixel_shuffle(middle, 2), low


def steps(change: Tensor) -> Tensor:
    """How far aside skin is looked up: maps [B, 10, h, w] -> [B, h, w, 2], canonical units."""
    return rearrange(change[:, :_STEPS], "b i h w -> b h w i")


def redrawn(change: Tensor, picture: Tensor, pose: Tensor, at: Tensor) -> Tensor:
    """What maps [B, 10, h, w] say of places at [B, h, w, 2] of sources [B, 3, S, S] in poses [B, 6]: [B, 3, h, w]."""
    share, paint, eyeball, colours = change[:, _STEPS:].split([1, 3, 1, 3], dim=1)
    seen = sample_picture(picture, surface.on_picture(at + steps(change), pose)).to(change.dtype)
    return torch.lerp(torch.lerp(seen, paint, parted(1 - share, at)), colours, sure(eyeball))


def _finer(x: Tensor) -> Tensor:
    """At twice the resolution, by lines: steps that jump from pixel to pixel would tear a face."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
