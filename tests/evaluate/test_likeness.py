"""Distances and cosines with known answers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.evaluate.world import SIZE, Reader
from vasa.evaluate.likeness import Likeness, Perceptual
from vasa.evaluate.pictures import sharpness
from vasa.face.reading import FaceReading
from vasa.render.readers import ReaderFeatures


class Colours(Reader):
    """Tells people apart by the mean colour of their picture."""

    def read(self, frames: Tensor) -> FaceReading:
        reading = super().read(frames)
        mean = frames.mean((-1, -2))
        return FaceReading(**vars(reading) | {"identity": mean / mean.norm(dim=-1, keepdim=True)})


def plain(*colour: float) -> Tensor:
    return torch.tensor(colour)[:, None, None].expand(3, SIZE, SIZE)


def test_directions_at_right_angles_are_two_apart_in_every_map():
    """|a - b|^2 = 2 for unit vectors at right angles; however bright they are; two maps count twice."""
    metric = Perceptual(lambda pictures: [pictures, pictures[..., ::2, ::2]])
    red, green = plain(0.9, 0, 0)[None], plain(0, 0.2, 0)[None]
    metric.update(red, green)
    assert metric.compute().item() == pytest.approx(4)
    metric.reset()
    metric.update(red, red / 3)
    assert metric.compute().item() == pytest.approx(0, abs=1e-6)


def test_only_what_is_in_the_mask_counts():
    shown, truth = plain(1, 0, 0)[None].clone(), plain(1, 0, 0)[None]
    shown[..., SIZE // 2 :] = plain(0, 1, 0)[..., SIZE // 2 :]
    mask = torch.zeros(1, 1, SIZE, SIZE)
    mask[..., SIZE // 2 :] = 1
    likeness = Likeness(lambda pictures: [pictures[..., ::2, ::2]], Colours(), "colours")
    assert likeness.distance(shown, truth, mask) == pytest.approx(2)
    assert likeness.distance(shown, truth, 1 - mask) == pytest.approx(0, abs=1e-6)
    assert likeness.distance(shown, truth) == pytest.approx(1)


def test_identity_is_the_mean_cosine_with_the_portrait():
    likeness = Likeness(lambda pictures: [pictures], Colours(), "colours")
    frames = torch.stack([plain(1, 0, 0), plain(0, 0.5, 0)])
    assert likeness.identity(frames, plain(0.3, 0, 0)) == pytest.approx(0.5)


def test_the_shipped_reader_sees_blur_and_more_blur():
    rough = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    distances = []
    for size in (3, 9):
        metric = Perceptual(ReaderFeatures())
        metric.update(torch.nn.functional.avg_pool2d(rough, size, 1, size // 2), rough)
        distances.append(metric.compute().item())
    assert 0 < distances[0] < distances[1]


def test_sharpness_is_that_of_the_laplacian():
    """A checkerboard of 0 and 1 has a Laplacian of 4 everywhere; slopes have none."""
    rows, columns = torch.arange(16)[:, None], torch.arange(16)[None]
    board, slope = ((rows + columns) % 2).float(), columns.expand(16, 16) / 16
    found = sharpness(torch.stack([board.expand(3, 16, 16), slope.expand(3, 16, 16)]))
    assert found.tolist() == pytest.approx([4, 0], abs=1e-5)
