"""What the judges of sound hear: log-mel energies on the video clock, without anybody's weights."""

from __future__ import annotations

import math

import torch
from einops import rearrange
from torch import Tensor, nn

from vasa.clock import CLOCK, Clock


class LogMel(nn.Module):
    """Samples [B, S] -> [B, T, bands * 4]: a frame has four spectra of 25 ms, 10 ms apart, as SyncNet's sound has.

    bands: of the mel scale. Anything else that has `dim` and makes frames of samples can stand in its place, such as
    an audio encoder.
    """

    filters: Tensor
    window: Tensor

    def __init__(self, *, bands: int = 40, clock: Clock = CLOCK, size: int = 512, width_s: float = 0.025) -> None:
        super().__init__()
        self.clock, self.size, self.step = clock, size, clock.samples_per_frame // 4
        self.dim = 4 * bands
        self.register_buffer("filters", mel_filters(bands, size, clock.sample_rate), persistent=False)
        window = torch.hann_window(round(width_s * clock.sample_rate))
        self.register_buffer("window", window, persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Raises ValueError where the samples are no whole number of frames."""
        self.clock.frames(samples.shape[-1])
        spectrum = torch.stft(
            samples, self.size, self.step, len(self.window), self.window, center=True, return_complex=True
        )[..., :-1]
        energy = torch.einsum("mf,bft->btm", self.filters, spectrum.abs().square())
        return rearrange((energy + 1e-6).log(), "b (t four) m -> b t (four m)", four=4)


def mel_filters(bands: int, size: int, sample_rate: int, *, lowest: float = 60.0, highest: float = 7600.0) -> Tensor:
    """Triangles on the mel scale, m = 2595 log10(1 + f / 700): [bands, size / 2 + 1]."""

    first, last = (2595 * math.log10(1 + hertz / 700) for hertz in (lowest, highest))
    edges = torch.linspace(first, last, bands + 2)
    low, centre, high = (rearrange(edge, "m -> m 1") for edge in (edges[:-2], edges[1:-1], edges[2:]))
    at = 2595 * torch.log10(1 + torch.linspace(0, sample_rate / 2, size // 2 + 1) / 700)
    return torch.minimum((at - low) / (centre - low), (high - at) / (high - centre)).clamp_min(0)
