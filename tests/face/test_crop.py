"""A crop and its inverse cancel, and pasting leaves no seam."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from vasa.face.crop import RAMP, Crop

CROPS = [Crop(60, 50, 64), Crop(61.3, 47.2, 70.5), Crop(60, 50, 50, 0.4), Crop(55, 52, 40, -1.2)]


def smooth(height=100, width=120, seed=0):
    colours = torch.rand(1, 3, 5, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return F.interpolate(colours, (height, width), mode="bicubic").clamp(0, 1)[0]


@pytest.mark.parametrize("crop", CROPS)
def test_points_there_and_back(crop):
    points = torch.randn(50, 2, dtype=torch.float64)
    torch.testing.assert_close(crop.to_crop(crop.to_picture(points)), points)
    torch.testing.assert_close(crop.to_picture(crop.to_crop(100 * points)), 100 * points)


def test_axes_and_units():
    crop = Crop(60, 50, 40, math.pi / 2)  # a quarter turn counter-clockwise: crop x runs up the picture
    torch.testing.assert_close(crop.to_picture(torch.tensor([1.0, 0.0])), torch.tensor([60.0, 30.0]))
    torch.testing.assert_close(Crop(60, 50, 40).to_picture(torch.tensor([-1.0, 1.0])), torch.tensor([40.0, 70.0]))


def test_crop_at_whole_pixels_is_a_slice():
    picture = torch.rand(3, 100, 120)
    torch.testing.assert_close(Crop(60, 50, 64).crop(picture, 64), picture[:, 18:82, 28:92], atol=1e-5, rtol=0)


def test_uncrop_after_crop_is_the_picture_inside():
    picture, crop = torch.rand(3, 100, 120, dtype=torch.float64), Crop(60, 50, 64)
    back = crop.uncrop(crop.crop(picture, 64), 100, 120)
    torch.testing.assert_close(back[:, 18:82, 28:92], picture[:, 18:82, 28:92])


@pytest.mark.parametrize("crop", CROPS)
@pytest.mark.parametrize("size", [48, 128])
def test_any_crop_and_back_keeps_a_smooth_picture(crop, size):
    picture = smooth()
    back = crop.uncrop(crop.crop(picture, size), 100, 120)
    inside = crop.mask(100, 120, picture) > 0.9
    assert inside.sum() > 500
    assert (back - picture)[:, inside].abs().max() < 0.02


def test_shrinking_averages_fine_texture():
    checks = ((torch.arange(256)[:, None] + torch.arange(256)) % 2).float().expand(3, -1, -1)
    small = Crop(128, 128, 200).crop(checks, 32)
    assert (small - 0.5).abs().max() < 0.1
    laid = Crop(128, 128, 32).uncrop(checks, 256, 256)[:, 114:142, 114:142]
    assert (laid - 0.5).abs().max() < 0.1


def pasted_on(crop, picture, patch):
    """A picture, or as many as there are patches, with them laid over it."""
    whole = picture.expand(*patch.shape[:-3], *picture.shape[-3:]).clone()
    crop.lay(whole, patch)
    return whole


def test_enlarging_keeps_fine_texture():
    wave = 0.5 + 0.4 * (torch.arange(64) * (2 * math.pi / 5)).sin().expand(3, 64, 64)
    large = Crop(64, 64, 128).uncrop(wave, 128, 128)
    assert large[:, 16:-16, 16:-16].std() > 0.9 * wave.std()  # lines between pixels leave 0.86
    assert 0 <= large.min() <= large.max() <= 1


@pytest.mark.parametrize("crop", [*CROPS, Crop(5, 95, 60)])
def test_pasting_what_was_cut_changes_nothing(crop):
    picture = smooth()
    pasted = pasted_on(crop, picture, crop.crop(picture, 128))
    assert (pasted - picture).abs().max() < 0.02


def test_pasting_a_film_leaves_no_seam_and_the_rest_alone():
    picture, crop = smooth(), Crop(60, 50, 60, 0.2)
    film = torch.rand(3, 1, 1, 1, dtype=torch.float64).expand(3, 3, 64, 64)  # three frames of one grey each
    pasted = pasted_on(crop, picture, film)
    assert pasted.shape == (3, 3, 100, 120)
    outside = crop.mask(100, 120, picture) == 0
    assert torch.equal(pasted[..., outside], picture[:, outside].expand(3, -1, -1))
    torch.testing.assert_close(pasted[:, :, 50, 60], film[:, :, 0, 0])
    jump = max(pasted.diff(dim=axis).abs().max().item() for axis in (-1, -2))
    assert jump < 0.4  # a hard edge would jump by up to 1


def test_a_side_beyond_which_the_picture_ends_has_no_seam():
    picture, film = smooth(), torch.ones(1, 3, 64, 64, dtype=torch.float64)
    close = Crop(60, 40, 130)  # of 120 x 100 pixels: all of it
    assert close.ramps(100, 120).tolist() == [0, 0, 0, 0]
    torch.testing.assert_close(pasted_on(close, picture, film), torch.ones(1, 3, 100, 120, dtype=torch.float64))
    higher = Crop(60, 20, 130)
    assert higher.ramps(100, 120).tolist() == pytest.approx([0, RAMP, 0, 0])
    assert Crop(60, 50, 20).ramps(100, 120, upper=0.4).tolist() == pytest.approx([RAMP, RAMP, RAMP, 0.4])
    pasted = pasted_on(higher, picture, film)
    torch.testing.assert_close(pasted[..., :70, :], torch.ones(1, 3, 70, 120, dtype=torch.float64))
    assert torch.equal(pasted[0, :, 90:], picture[:, 90:])


def test_a_fitting_crop_has_chin_to_eyes_of_two_thirds():
    eyes, mouth, chin = torch.tensor([[50.0, 40.0], [50.0, 58.0], [50.0, 70.0]])
    crop = Crop.around_face(eyes, mouth, chin)
    assert (crop.to_crop(chin) - crop.to_crop(eyes)).norm() == pytest.approx(2 / 3)
    torch.testing.assert_close(crop.to_crop((eyes + mouth) / 2), torch.zeros(2))


def test_crops_outside_or_without_size_are_refused():
    with pytest.raises(ValueError, match="outside the picture"):
        Crop(500, 500, 20).lay(smooth(), torch.rand(3, 8, 8))
    for numbers in [(0, 0, 0), (0, 0, -1), (math.nan, 0, 1)]:
        with pytest.raises(ValueError, match="finite numbers"):
            Crop(*numbers)


def test_a_large_photograph_is_cut_as_a_small_one_is():
    small = F.interpolate(torch.rand(1, 3, 6, 6), (96, 96), mode="bicubic").clamp(0, 1)[0]
    large = F.interpolate(small[None], (960, 960), mode="bilinear")[0]
    crop = Crop(50.0, 46.0, 70.0, 0.2)
    torch.testing.assert_close(crop.enlarged(10).crop(large, 16), crop.crop(small, 16), atol=0.02, rtol=0)
