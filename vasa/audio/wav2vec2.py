"""wav2vec2 and its relatives through transformers, on the video clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Self

import torch
from einops import rearrange, reduce
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedModel, Wav2Vec2Config, Wav2Vec2Model

from vasa.clock import CLOCK, Clock

KERNELS, STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)  # wav2vec 2.0, section 2: 50 features a second


def wav2vec2(
    *, width: int, layers: int, heads: int, feedforward: int, convolutions: Sequence[int], position_kernel: int,
    position_groups: int, dropout: float = 0.0,
) -> Wav2Vec2Model:  # fmt: skip
    """A wav2vec2 of any size, untrained; `convolutions` are the widths of the seven layers that read the samples."""
    sizes = sized(
        width=width, layers=layers, heads=heads, feedforward=feedforward, convolutions=convolutions,
        position_kernel=position_kernel, position_groups=position_groups,
    )  # fmt: skip
    config = Wav2Vec2Config(
        **sizes,
        conv_bias=True,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        feat_extract_activation="relu",  # its gradient costs a twentieth of that of GELU on a CPU
        hidden_act="relu",
        hidden_dropout=dropout,
        attention_dropout=dropout,
        vocab_size=1,
        bos_token_id=None,
        eos_token_id=None,
    )
    return Wav2Vec2Model(config)


def described(config: Mapping[str, Any]) -> PreTrainedModel:
    """A network of transformers as its own configuration describes it, untrained: what a checkpoint is filled into."""
    facts = {name: value for name, value in config.items() if name != "model_type"}
    model: PreTrainedModel = AutoModel.from_config(AutoConfig.for_model(config["model_type"], **facts))
    return model


def sized(
    *, width: int, layers: int, heads: int, feedforward: int, convolutions: Sequence[int], position_kernel: int,
    position_groups: int,
) -> dict[str, Any]:  # fmt: skip
    """Keywords that wav2vec2's and its relatives' configurations share: the sizes, and nothing dropped or masked."""
    if len(convolutions) != len(STRIDES):
        raise ValueError(f"wav2vec2 and HuBERT have {len(STRIDES)} convolutions; got {len(convolutions)} widths.")
    return {
        "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads,
        "intermediate_size": feedforward, "conv_dim": tuple(convolutions), "conv_kernel": KERNELS,
        "conv_stride": STRIDES, "num_conv_pos_embeddings": position_kernel,
        "num_conv_pos_embedding_groups": position_groups, "activation_dropout": 0.0, "feat_proj_dropout": 0.0,
        "layerdrop": 0.0, "mask_time_prob": 0.0, "mask_feature_prob": 0.0,
    }  # fmt: skip


class Wav2Vec2Encoder(nn.Module):
    """Features of a wav2vec2 (or HuBERT, WavLM, ...) at the video frame rate.

    model: a transformers model whose convolutions step 320 samples; layer: which hidden layer, 0 is the input of
    the first transformer layer, `None` the final output; several lie side by side in A, for a motion generator that
    mixes them (`MotionTransformer.audio_layers`); normalize: bring each piece to zero mean and unit variance
    first, as most published models want, except that sound much quieter than `floor` stays quiet; context_s,
    lookahead_s: whole frames. Raises ValueError where they do not fit.
    """

    def __init__(
        self,
        *,
        model: PreTrainedModel,
        context_s: float,
        lookahead_s: float,
        layer: int | Sequence[int] | None = None,
        normalize: bool = False,
        floor: float = 1e-5,
        clock: Clock = CLOCK,
    ) -> None:
        super().__init__()
        self.model, self.clock, self.layers = model, clock, layers_of(layer)
        self.normalize, self.floor = normalize, floor
        self.context_s, self.lookahead_s = context_s, lookahead_s
        self.dim = int(model.config.hidden_size) * max(len(self.layers), 1)
        self.stride = prod(model.config.conv_stride)
        self.margin = (_receptive_field(model.config.conv_kernel, model.config.conv_stride) - self.stride) // 2
        self._check()

    def _check(self) -> None:
        if self.clock.samples_per_frame % self.stride:
            raise ValueError(
                f"The model steps {self.stride} samples, which do not divide the {self.clock.samples_per_frame} of a "
                "frame; choose a model that steps 320, as wav2vec2 does."
            )
        layers = int(self.model.config.num_hidden_layers)
        if unknown := [layer for layer in self.layers if not 0 <= layer <= layers]:
            raise ValueError(f"The model has layers 0 to {layers}; got layer {unknown[0]}.")
        for name, seconds in (("context_s", self.context_s), ("lookahead_s", self.lookahead_s)):
            frames = seconds * self.clock.frame_rate
            if frames < 0 or abs(frames - round(frames)) > 1e-6:
                raise ValueError(f"{name} must be whole frames of {1 / self.clock.frame_rate} s; got {seconds}.")

    @classmethod
    def from_pretrained(
        cls, name: str, *, context_s: float, lookahead_s: float, layer: int | Sequence[int] | None = None,
        normalize: bool = True,
    ) -> Self:  # fmt: skip
        """A published model from a folder or the hub; only safetensors are read."""
        model = AutoModel.from_pretrained(name, use_safetensors=True, dtype=torch.float32)
        if hasattr(model, "masked_spec_embed"):  # used in its training alone, and random where it is not published
            nn.init.zeros_(model.masked_spec_embed)
        return cls(model=model, context_s=context_s, lookahead_s=lookahead_s, layer=layer, normalize=normalize).eval()

    def config(self) -> dict[str, Any]:
        """Its `_target_` tree, which weights can be filled into, without the place that they came from."""
        home = f"{__name__}.{type(self).__name__}"
        facts = {name: value for name, value in self.model.config.to_dict().items() if value is not None}
        model = {"_target_": f"{__name__}.{described.__name__}", "config": facts}
        return {
            "_target_": home, "model": model, "context_s": self.context_s, "lookahead_s": self.lookahead_s,
            "layer": list(self.layers) or None, "normalize": self.normalize, "floor": self.floor,
        }  # fmt: skip

    def steps(self, samples: Tensor) -> Tensor:
        """Features at the model's own rate: samples [B, S], whole frames -> [B, 2T, A], centred on their 20 ms."""
        self.clock.frames(samples.shape[-1])
        if self.normalize:
            deviation, mean = torch.std_mean(samples, dim=-1, keepdim=True, correction=0)
            samples = (samples - mean) / (deviation + self.floor)
        # The convolutions see more than they step; half of the surplus on both sides makes S / 320 centred features.
        padded = functional.pad(samples, (self.margin, self.margin))
        output = self.model(padded, output_hidden_states=bool(self.layers))
        if not self.layers:
            return output.last_hidden_state
        return torch.cat([output.hidden_states[layer] for layer in self.layers], dim=-1)

    def forward(self, samples: Tensor) -> Tensor:
        """Samples [B, S] in [-1, 1], S a whole number of frames -> features [B, T, A]."""
        return self.to_frames(self.steps(samples))

    def to_frames(self, steps: Tensor) -> Tensor:
        """[B, 2T, A] -> [B, T, A]: linear interpolation at the middle of a frame is the mean of its two steps."""
        each = self.clock.samples_per_frame // self.stride
        if each % 2:
            return rearrange(steps, "b (t n) a -> b t n a", n=each)[:, :, each // 2]
        pairs = rearrange(steps, "b (t n) a -> b t n a", n=each)[:, :, each // 2 - 1 : each // 2 + 1]
        return reduce(pairs, "b t n a -> b t a", "mean")


def layers_of(layer: int | Sequence[int] | None) -> tuple[int, ...]:
    """The hidden layers that are asked for; none stands for the final output."""
    if layer is None:
        return ()
    return (layer,) if isinstance(layer, int) else tuple(layer)


def _receptive_field(kernels: Sequence[int], strides: Sequence[int]) -> int:
    return 1 + sum((kernel - 1) * prod(strides[:layer]) for layer, kernel in enumerate(kernels))
