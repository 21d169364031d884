from __future__ import annotations

import torch

from vasa.data.gaze import main_gaze


def test_the_main_gaze_is_where_most_frames_look() -> None:
    random = torch.Generator().manual_seed(0)
    camera = torch.tensor([0.02, -0.03]) + 0.01 * torch.randn(60, 2, generator=random)
    aside = torch.tensor([0.5, 0.2]) + 0.01 * torch.randn(40, 2, generator=random)
    found = main_gaze(torch.cat([aside, camera]))
    torch.testing.assert_close(found, torch.tensor([0.02, -0.03]), rtol=0, atol=0.01)  # the mean would be far off


def test_the_edge_of_a_bin_does_not_matter() -> None:
    for centre in torch.linspace(0, 0.07, 8):
        gaze = centre + 0.004 * torch.linspace(-1, 1, 51)[:, None].expand(-1, 2)
        torch.testing.assert_close(main_gaze(gaze), torch.full((2,), float(centre)), rtol=0, atol=1e-3)
    torch.testing.assert_close(main_gaze(torch.full((1, 2), -0.3)), torch.full((2,), -0.3))
