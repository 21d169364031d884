"""JoyVASA's published weights: which there are, and what becomes of them in vasa's own parts.

Every key is accounted for. Dropped, because nothing of them can reach the motion: the queries and keys of the
cross-attention (see `denoiser`), the vector that hides sound in training, and the tables, which are computed afresh.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vasa.audio.hubert import HubertEncoder
from vasa.motion.joyvasa.denoiser import Block, Denoiser

NET, ENCODER, MAP = "denoising_net.", "audio_encoder.", "audio_feature_map."
LAYER = f"{NET}transformer.layers."
HIDDEN_SOUND = f"{ENCODER}masked_spec_embed"
LEARNED = {"first_motion": "start_motion_feat", "first_sound": "start_audio_feat", "no_sound": "null_audio_feat"}
OUTSIDE = {
    "step.mlp.0": "diff_step_map.0", "step.mlp.2": "diff_step_map.2", "motion": "feature_proj",
    "out.0": "motion_dec.0", "out.2": "motion_dec.2",
}  # fmt: skip
INSIDE = {
    "attended": "self_attn.out_proj", "feedforward.0": "linear1", "feedforward.2": "linear2",
    "norms.0": "norm1", "norms.1": "norm2", "norms.2": "norm3",
}  # fmt: skip
KINDS = ("weight", "bias")


def shapes(net: Denoiser, encoder: HubertEncoder) -> dict[str, torch.Size]:
    """The shape of every weight of a published checkpoint of these sizes; tables are not among them."""
    own = net.state_dict()
    found = {LEARNED[name]: own[name][None].shape for name in ("first_motion", "first_sound")}
    found[LEARNED["no_sound"]] = own["no_sound"][None, None].shape
    pairs = [(f"{ours}.{kind}", f"{NET}{theirs}.{kind}") for ours, theirs in OUTSIDE.items() for kind in KINDS]
    found |= {theirs: own[ours].shape for ours, theirs in pairs}
    for index, block in enumerate(net.blocks):
        assert isinstance(block, Block)
        found |= {f"{LAYER}{index}.{name}": value.shape for name, value in _decoder_layer(block).items()}
    found |= {f"{ENCODER}{name}": value.shape for name, value in encoder.model.state_dict().items()}
    found |= {f"{MAP}{name}": value.shape for name, value in encoder.features.state_dict().items()}
    return found | {HIDDEN_SOUND: torch.Size((encoder.features.in_features,))}


def check(weights: Mapping[str, Tensor], net: Denoiser, encoder: HubertEncoder, place: object) -> None:
    """Raise ValueError, naming the file `place`, unless the weights are exactly those that these parts need."""
    needed = shapes(net, encoder)
    missing, extra = sorted(needed.keys() - weights.keys()), sorted(weights.keys() - needed.keys())
    other = sorted(name for name in needed.keys() & weights.keys() if needed[name] != weights[name].shape)
    if missing or extra or other:
        raise ValueError(
            f"{place} does not hold JoyVASA's published generator: {len(missing)} weights missing {missing[:3]}, "
            f"{len(extra)} unexpected {extra[:3]}, {len(other)} of another shape {other[:3]}; fetch it again."
        )


def present_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same weights; those of the positional convolution, which has two namings, under today's."""
    modern = {"conv.weight_g": "original0", "conv.weight_v": "original1"}
    place = f"{ENCODER}encoder.pos_conv_embed."
    names = {f"{place}{old}": f"{place}conv.parametrizations.weight.{new}" for old, new in modern.items()}
    return {names.get(name, name): value for name, value in weights.items()}


def network_weights(weights: Mapping[str, Tensor], net: Denoiser) -> dict[str, Tensor]:
    """A `Denoiser`'s weights out of checked ones."""
    found = {ours: weights[theirs][0] for ours, theirs in LEARNED.items()}
    found["no_sound"] = found["no_sound"][0]
    found |= {f"{ours}.{kind}": weights[f"{NET}{theirs}.{kind}"] for ours, theirs in OUTSIDE.items() for kind in KINDS}
    for index in range(len(net.blocks)):
        prefix = f"{LAYER}{index}."
        layer = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
        found |= {f"blocks.{index}.{name}": value for name, value in _block(layer).items()}
    return found


def encoder_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A `HubertEncoder`'s weights out of checked ones."""
    heard = {name: value for name, value in weights.items() if name.startswith(ENCODER) and name != HIDDEN_SOUND}
    found = {f"model.{name.removeprefix(ENCODER)}": value for name, value in heard.items()}
    return found | {f"features.{kind}": weights[f"{MAP}{kind}"] for kind in KINDS}


def _block(layer: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found = {f"{ours}.{kind}": layer[f"{theirs}.{kind}"] for ours, theirs in INSIDE.items() for kind in KINDS}
    found |= {f"queries_keys_values.{kind}": layer[f"self_attn.in_proj_{kind}"] for kind in KINDS}
    # out_proj(v_proj(sound)) as one map; v is the last third of in_proj.
    inner = {kind: layer[f"multihead_attn.in_proj_{kind}"].chunk(3)[2].double() for kind in KINDS}
    outer = {kind: layer[f"multihead_attn.out_proj.{kind}"].double() for kind in KINDS}
    weight, bias = outer["weight"] @ inner["weight"], outer["weight"] @ inner["bias"] + outer["bias"]
    return found | {"sound.weight": weight.float(), "sound.bias": bias.float()}


def _decoder_layer(block: Block) -> dict[str, Tensor]:
    """torch's own decoder layer names its weights as the published ones are named."""
    feedforward, width = block.state_dict()["feedforward.0.weight"].shape
    return nn.TransformerDecoderLayer(width, block.heads, feedforward, device="meta").state_dict()
