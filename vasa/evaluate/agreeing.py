"""CAPP and audio-mouth synchrony as metrics; each is asked of one clip after another, and averages."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torchmetrics import Metric

from vasa import checkpoint
from vasa.evaluate.agreement import Agreement
from vasa.evaluate.shifts import at_shifts

SHIPPED = Path(__file__).parents[1] / "weights" / "judges"  # of virtual people's talk alone

class CAPP(Metric):
    """Mean cosine of head angles and sound over windows (VASA-1's contrastive audio and pose score).

    network: a trained `Agreement`, or the checkpoint folder of one, `vasa train capp`; by default the one that ships.
    """

    full_state_update = False
    higher_is_better = True
    total: Tensor
    windows: Tensor

    def __init__(self, network: Agreement | Path | str = SHIPPED / "capp", *, hop: int = 5) -> None:
        super().__init__()
        self.network, self.hop = loaded(network), hop
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("windows", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    @torch.no_grad()
    def update(self, angles: Tensor, samples: Tensor) -> None:
        """One clip: yaw, pitch, roll [T, 3] in radians and its sound [S]."""
        face, sound = self.network.embed(angles, samples, hop=self.hop)
        self.total += (face * sound).sum()
        self.windows += len(face)

    def compute(self) -> Tensor:
        """The mean over all windows of all clips, each as heavy."""
        return self.total / self.windows


class Sync(Metric):
    """SyncNet's three numbers (Chung and Zisserman 2016), for mouth tracks: confidence, distance and offset.

    The distance of every window of the mouth to the sound up to `reach` frames before and after is averaged over a clip
    for each shift; distance is the least, confidence the median less the least, offset the shift where it is: positive
    where the picture is late. network: a trained `Agreement`, or the folder of one, `vasa train sync`; by default the
    one that ships.
    """

    full_state_update = False
    sums: Tensor
    clips: Tensor

    def __init__(self, network: Agreement | Path | str = SHIPPED / "sync", *, reach: int = 15) -> None:
        super().__init__()
        self.network, self.reach = loaded(network), reach
        self.add_state("sums", torch.zeros(3, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("clips", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    @torch.no_grad()
    def update(self, mouth: Tensor, samples: Tensor) -> None:
        """One clip: a mouth track [T, C] (`vasa.data.agreeing.mouth`) and its sound [S]."""
        distance = at_shifts(*self.network.embed(mouth, samples), self.reach)
        least, offset = distance.min(0)
        measured = torch.stack([distance.median() - least, least, (offset - self.reach).to(least)])
        self.sums += measured.to(self.sums)
        self.clips += 1

    def compute(self) -> dict[str, Tensor]:
        """Means over the clips."""
        confidence, distance, offset = self.sums / self.clips
        return {"confidence": confidence, "distance": distance, "offset_frames": offset}


def loaded(network: Agreement | Path | str) -> Agreement:
    """The network, from its checkpoint folder if need be; raises ValueError where that holds something else."""
    found = network if isinstance(network, Agreement) else checkpoint.load(network)
    if not isinstance(found, Agreement):
        raise ValueError(f"{network} holds a {type(found).__name__}; `vasa train capp` and `sync` make such judges.")
    return found.eval().requires_grad_(False)
