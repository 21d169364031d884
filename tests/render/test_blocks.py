from __future__ import annotations

import torch

from vasa.render.blocks import ResBlock, Standardised, fold, spectral


def test_standardised_filters_have_mean_0_and_unit_length() -> None:
    weight = Standardised()(torch.randn(5, 4, 3, 3) * 7 + 2).flatten(1)
    torch.testing.assert_close(weight.mean(1), torch.zeros(5), atol=1e-6, rtol=0)
    torch.testing.assert_close(weight.pow(2).sum(1), torch.ones(5))


def test_folding_keeps_the_output() -> None:
    block, x = ResBlock(2, 8, 16, standardise=True).eval(), torch.randn(2, 8, 6, 6)
    before = block(x)
    folded = fold(block)
    assert not any("parametrizations" in name for name in folded.state_dict())
    torch.testing.assert_close(folded(x), before)


def test_a_block_of_equal_widths_starts_from_its_input() -> None:
    block, x = ResBlock(3, 8, 8), torch.randn(1, 8, 2, 4, 4)
    torch.nn.init.zeros_(block.conv_out.weight)
    torch.testing.assert_close(block(x), x)


def test_the_spectral_norm_bounds_what_is_not_standardised_and_folds() -> None:
    torch.manual_seed(0)
    block, x = spectral(ResBlock(2, 8, 16, standardise=True)), torch.randn(2, 8, 6, 6)
    for layer in (block.conv_out, block.skip):
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2) < 1.05
    torch.testing.assert_close(block.conv_in.weight.flatten(1).norm(dim=1), torch.ones(16))
    before = block.eval()(x)
    folded = fold(block)
    assert not any("parametrizations" in name for name in folded.state_dict())
    torch.testing.assert_close(folded(x), before)
