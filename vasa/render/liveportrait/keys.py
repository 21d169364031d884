"""From LivePortrait's published weights to ours: one table of names, and spectral norms folded.

Every weight of ours says which published ones it is made of, so that nothing is missing and nothing left over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from einops import rearrange
from torch import Tensor

Weights = Mapping[str, Tensor]

# Ours to theirs, every pattern in turn: {published network: (our prefix, ((pattern, replacement), ...))}.
RESIDUAL = ((r"norm_in", "norm1"), (r"conv_in", "conv1"), (r"norm_out", "norm2"), (r"conv_out", "conv2"))
SPADE = (
    (r"(norm|conv)_in\b", r"\1_0"), (r"(norm|conv)_out\b", r"\1_1"), (r"(norm|conv)_skip\b", r"\1_s"),
    (r"\.shared\.", ".mlp_shared.0."), (r"\.(gamma|beta)\.", r".mlp_\1."),
)  # fmt: skip
LAYERS = ((r"^", "mlp."),)
HEADS = "stitching_retargeting_module"
TABLES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "appearance_feature_extractor": (
        "appearance.",
        ((r"^down\.", "down_blocks."), (r"^lift\.", "second."), (r"^refine\.", "resblocks_3d.3dr"), *RESIDUAL),
    ),
    "motion_extractor": (
        "motion.",
        (
            (r"^heads\.", "detector.fc_"),
            (r"^trunk\.head\.norm", "detector.norm"),
            (r"^trunk\.stem\.", "detector.downsample_layers.0."),
            (r"^trunk\.stages\.(\d)\.downsample\.", r"detector.downsample_layers.\1."),
            (r"^trunk\.stages\.(\d)\.blocks\.", r"detector.stages.\1."),
            (r"\.conv_dw\.", ".dwconv."), (r"\.mlp\.fc(\d)\.", r".pwconv\1."),
            (r"\.mlp\.grn\.weight", ".grn.gamma"), (r"\.mlp\.grn\.bias", ".grn.beta"),
        ),
    ),
    "warping_module": (
        "warp.",
        (
            (r"^dense\.", "dense_motion_network."), (r"\.hourglass\.down\.", ".hourglass.encoder.down_blocks."),
            (r"\.hourglass\.up\.", ".hourglass.decoder.up_blocks."), (r"\.hourglass\.last\.", ".hourglass.decoder."),
        ),
    ),
    "spade_generator": (
        "decoder.",
        (
            (r"^first\.", "fc."), (r"^last\.", "conv_img.0."), (r"^middle\.", "G_middle_"), (r"^up\.", "up_"), *SPADE,
        ),
    ),
    f"{HEADS}.retarget_shoulder": ("retargeting.stitching.", LAYERS),
    f"{HEADS}.retarget_mouth": ("retargeting.lips.", LAYERS),
    f"{HEADS}.retarget_eye": ("retargeting.eyes.", LAYERS),
}  # fmt: skip
SPECTRAL = re.compile(r"decoder\.(middle|up)\.\d\.conv_(in|out|skip)\.weight")
FACTORS = ("orig", "u", "v")


def sources(own: str) -> list[str]:
    """The published weights, as NETWORK/KEY, that one weight of `LivePortraitRenderer` is made of."""
    network, (prefix, rules) = next((n, t) for n, t in TABLES.items() if own.startswith(t[0]))
    key = own.removeprefix(prefix)
    for pattern, replacement in rules:
        key = re.sub(pattern, replacement, key)
    return [f"{network}/{key}_{part}" for part in FACTORS] if SPECTRAL.fullmatch(own) else [f"{network}/{key}"]


def converted(published: Weights, wanted: Iterable[str], place: object) -> dict[str, Tensor]:
    """Our weights of these names from published ones named NETWORK/KEY; raises ValueError naming what does not fit.

    place: where they come from, for the message.
    """
    made_of = {own: sources(own) for own in wanted}
    needed = {name for names in made_of.values() for name in names}
    missing, extra = sorted(needed - published.keys()), sorted(published.keys() - needed)
    if missing or extra:
        raise ValueError(
            f"The weights in {place} are not LivePortrait's: {len(missing)} missing {missing[:3]}, "
            f"{len(extra)} unexpected {extra[:3]}; fetch the files again."
        )
    return {own: _made(own, [published[name] for name in names]) for own, names in made_of.items()}


def _made(own: str, parts: list[Tensor]) -> Tensor:
    if len(parts) == len(FACTORS):
        return folded(*parts)
    return parts[0].flatten() if ".grn." in own else parts[0]


def folded(weight: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Spectral norm undone (Miyato et al., 2018): weight over its largest singular value u^T W v, u and v as stored."""
    matrix = rearrange(weight, "o ... -> o (...)")
    return weight / (left.double() @ matrix.double() @ right.double()).to(weight.dtype)
