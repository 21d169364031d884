"""HuBERT through transformers, with a linear map behind it, hearing every window alone."""

from __future__ import annotations

from collections.abc import Sequence

from einops import reduce
from torch import Tensor, nn
from torch.nn import functional
from transformers import HubertConfig, HubertModel

from vasa.audio.wav2vec2 import sized
from vasa.clock import CLOCK, Clock

MIRRORED = 20  # samples, twice on each side: half of the 80 that the convolutions see more than they step


def hubert(
    *, width: int, layers: int, heads: int, feedforward: int, convolutions: Sequence[int], position_kernel: int,
    position_groups: int,
) -> HubertModel:  # fmt: skip
    """A HuBERT of the base kind (post-norm) in any size, untrained; `convolutions` are the widths of its seven."""
    sizes = sized(
        width=width, layers=layers, heads=heads, feedforward=feedforward, convolutions=convolutions,
        position_kernel=position_kernel, position_groups=position_groups,
    )  # fmt: skip
    return HubertModel(HubertConfig(**sizes, hidden_dropout=0.0, attention_dropout=0.0))


class HubertEncoder(nn.Module):
    """An `AudioEncoder` of `dim` features a frame, as JoyVASA's motion generator hears (jdh-algo/JoyVASA, MIT).

    Sound is taken as loud as it is. A window sees nothing before or after itself: what the convolutions lack at its
    ends is mirrored, 20 samples twice. A frame is the mean of its two steps. JoyVASA was trained on windows of 100.
    """

    def __init__(self, *, model: HubertModel, dim: int, clock: Clock = CLOCK) -> None:
        super().__init__()
        self.model, self.dim, self.clock = model, dim, clock
        self.context_s = self.lookahead_s = 0.0
        self.features = nn.Linear(int(model.config.hidden_size), dim)

    def forward(self, samples: Tensor) -> Tensor:
        """Samples [B, S] in [-1, 1], S a whole number of frames -> features [B, T, dim]."""
        self.clock.frames(samples.shape[-1])
        steps = self.model(mirrored(mirrored(samples))).last_hidden_state
        return self.features(reduce(steps, "b (t two) a -> b t a", "mean", two=2))


def mirrored(samples: Tensor) -> Tensor:
    """[B, S] -> [B, S + 40]: both ends reflected, the outermost sample not repeated."""
    return functional.pad(samples, (MIRRORED, MIRRORED), mode="reflect")
