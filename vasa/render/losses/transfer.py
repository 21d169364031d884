"""Losses of motion handed over between frames."""

from __future__ import annotations

from torch import Tensor, nn

from vasa.render.losses.picture import PerceptualLoss
from vasa.render.passes import Passes


class ConsistencyLoss(nn.Module):
    """Two routes to one picture (VASA-1 3.1, pairwise head-pose and facial-dynamics transfer).

    i, j of one clip: A = D(V_j, z_id_j, z_pose_i, z_dyn_j) puts i's pose on j, B = D(V_i, z_id_i, z_pose_i, z_dyn_j)
    puts j's dynamics on i; L = mean |A - B| + mean perceptual(A, B). The distance is unpublished: ours is DPE's, the
    paper's model for it, with `perceptual=None` for the first part alone. i is the source, j its first driver.
    """

    def __init__(self, *, perceptual: PerceptualLoss | None = None) -> None:
        super().__init__()
        self.perceptual = perceptual

    def forward(self, passes: Passes) -> Tensor:
        a, b = passes.two_routes
        distance = (a - b).abs().mean()
        return distance if self.perceptual is None else distance + self.perceptual.between(a, b, passes.source.pose)
