"""The background that a head uncovers when it moves."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_WIDER = 0.02  # of a picture's side: hair ends softly, farther out than what is surely head


def head_of(share: Tensor) -> Tensor:
    """Where a source's head hides the background, of what is face and not still background when it is shown as it is:
    [B, 1, H, W] -> the same shape, a little wider and softer."""
    wider = round(_WIDER * share.shape[-1])
    wide = F.max_pool2d(share, 2 * wider + 1, stride=1, padding=wider)
    soft = wider // 2
    return F.avg_pool2d(F.pad(wide, (soft,) * 4, mode="replicate"), 2 * soft + 1, stride=1)


def without_ghost(picture: Tensor, share: Tensor, moved: Tensor, still: Tensor, was: Tensor, now: Tensor) -> Tensor:
    """Pictures without a trace of the head where it was; all [B, 3, H, W], share, was and now [B, 1, H, W].

    Decoders let the still source through for the background, and leave some of its head standing beside the one that
    moved. Where the head `was`, nothing of the source's still picture is right; the source moved along with the head
    (`moved`) shows there what was beside it, and where the head is no longer (`now`) nothing else does. Not in the
    papers, which let the decoder paint it; measured in `docs/training.md`.
    """
    lit = picture + (1 - share) * was * (moved - still)
    return torch.lerp(lit, moved, was * (1 - now))
