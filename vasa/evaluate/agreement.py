"""Two towers that tell whether sound and a track of the face belong together: CAPP and a SyncNet of tracks.

CAPP (VASA-1, appendix): a pose encoder, a transformer of six layers, and an audio encoder, trained like CLIP on windows
of 3 s. SyncNet (Chung and Zisserman 2016): the same question for mouths, in windows of 5 frames. Widths, temperature
and batch are unpublished or of pictures; ours are in `conf/judge`. Scores compare within one network, not across.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from vasa.clock import Clock

KEPT = 16  # numbers of a frame

class Ears(Protocol):
    """Samples [B, S] -> [B, T, dim] on the clock; an `AudioEncoder` is one."""

    dim: int
    clock: Clock

    def __call__(self, samples: Tensor) -> Tensor: ...


class Tower(nn.Module):
    """A window of rows [B, T, size] -> one unit vector [B, out]: a transformer, and `KEPT` numbers of every frame side
    by side. Their mean over the frames would hardly tell when something happens, and training stays at chance.

    changes: rows are taken as what they change by from frame to frame. Where a head points tells windows of a clip
    apart as well as when it nods does, and says nothing about a voice.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, *, size: int, frames: int, width: int, layers: int, heads: int, out: int, dropout: float = 0.0,
        changes: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.changes = changes
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("std", torch.ones(size))
        self.project = nn.Linear(size, width)
        self.places = nn.Parameter(0.02 * torch.randn(frames, width))
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, dropout, F.gelu, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.keep = nn.Linear(width, KEPT)
        self.out = nn.Linear(frames * KEPT, out)

    def calibrate(self, clips: Sequence[Tensor]) -> None:
        """Take mean and std of the rows of clips, [T, size] each."""
        rows = torch.cat([self._taken(clip) for clip in clips])
        self.mean.copy_(rows.mean(0))
        self.std.copy_(rows.std(0).clamp_min(1e-5))

    def forward(self, rows: Tensor) -> Tensor:
        seen = self.layers(self.project((self._taken(rows) - self.mean) / self.std) + self.places)
        return F.normalize(self.out(rearrange(self.keep(seen), "b t k -> b (t k)")), dim=-1)

    def _taken(self, rows: Tensor) -> Tensor:
        """Rows [..., T, size] as they are, or what they change by; nothing is known of the first."""
        return F.pad(rows.diff(dim=-2), (0, 0, 1, 0)) if self.changes else rows


class Agreement(nn.Module):
    """Scores windows of a track and of sound by the cosine of what the two towers make of them.

    ears: hears samples. frames: T of a window. track: numbers a frame of the face's track. The other keywords are the
    towers', `face_layers` and `changes` of the face's and `sound_layers` of the sound's.
    """

    def __init__(
        self, *, ears: Ears, frames: int, track: int, width: int, heads: int, out: int,
        face_layers: int, sound_layers: int, dropout: float = 0.0, changes: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.ears, self.frames, self.track_size, self.clock = ears, frames, track, ears.clock
        tower = partial(Tower, frames=frames, width=width, heads=heads, out=out, dropout=dropout)
        self.face = tower(size=track, layers=face_layers, changes=changes)
        self.sound = tower(size=ears.dim, layers=sound_layers)
        self.log_scale = nn.Parameter(torch.tensor(10.0).log())  # one over the temperature; CLIP begins at 14

    def see(self, windows: Tensor) -> Tensor:
        """Windows of a track [B, T, C] -> unit vectors [B, out]."""
        return self.face(windows)

    def hear(self, windows: Tensor) -> Tensor:
        """Windows of samples [B, S] -> unit vectors [B, out]."""
        return self.sound(self.ears(windows))

    def loss(self, windows: Tensor, samples: Tensor) -> Tensor:
        """Symmetric cross-entropy over all pairs of a batch (CLIP, Radford et al. 2021, fig. 3)."""
        logits = self.log_scale.clamp(max=4.6).exp() * self.see(windows) @ self.hear(samples).T
        right = torch.arange(len(logits), device=logits.device)
        return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2

    def embed(self, track: Tensor, samples: Tensor, *, hop: int = 1) -> tuple[Tensor, Tensor]:
        """Every window of one clip: track [T, C], samples [S] -> unit vectors [n, out] of face and sound.

        Raises ValueError where they are shorter than a window, of another size, or not finite.
        """
        self._check(track, samples)
        length = min(len(track), len(samples) // self.clock.samples_per_frame)
        faces = rearrange(track[:length].unfold(0, self.frames, hop), "n c t -> n t c")
        step = self.clock.samples(1)
        voices = samples[: length * step].unfold(0, self.frames * step, hop * step)
        return self.see(faces), self.hear(voices)

    def _check(self, track: Tensor, samples: Tensor) -> None:
        if track.ndim != 2 or track.shape[-1] != self.track_size or samples.ndim != 1:
            raise ValueError(
                f"This judge takes a track [T, {self.track_size}] and samples [S]; got {list(track.shape)} and "
                f"{list(samples.shape)}."
            )
        if min(len(track), len(samples) // self.clock.samples_per_frame) < self.frames:
            raise ValueError(f"This judge needs {self.frames} frames of face and sound; got fewer.")
        if not bool(track.isfinite().all() and samples.isfinite().all()):
            raise ValueError("The track or the sound holds NaN or infinite values; leave out frames without a face.")
