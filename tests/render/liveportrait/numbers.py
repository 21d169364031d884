"""Everything that is compared: the networks on made-up weights and inputs, and what they give on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from einops import repeat
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from tests.render.liveportrait.filling import normal
from vasa.render.liveportrait import LivePortraitRenderer
from vasa.render.liveportrait.dense_motion import Flow
from vasa.render.liveportrait.hull import HullMatched, hull_ratio
from vasa.render.liveportrait.keypoints import seen_keypoints
from vasa.render.liveportrait.motion import degrees
from vasa.render.liveportrait.retargeting import Retargeting
from vasa.render.liveportrait.transfer import Absolute, Amplified, Relative
from vasa.transfer import Transfer
from vasa.types import Motion, Portrait

# Name of a number -> the module whose output it is, or whose input where the name of the module ends in "<".
OF_F = {
    "F.first": "appearance.first", "F.second": "appearance.lift", "F.res0": "appearance.refine.0",
    "F.volume": "appearance",
}  # fmt: skip
OF_M = {
    "M.down0": "motion.trunk.stem", "M.pooled": "motion.trunk", "M.stage0_block0": "motion.trunk.stages.0.blocks.0",
    **{f"M.down{i}": f"motion.trunk.stages.{i}.downsample" for i in (1, 2, 3)},
    **{f"M.stage{i}": f"motion.trunk.stages.{i}" for i in range(4)},
}  # fmt: skip
OF_W = {
    "compress_norm": "warp.dense.norm", "hourglass_input": "warp.dense.hourglass<", "hourglass": "warp.dense.hourglass",
    "hourglass_down4": "warp.dense.hourglass.up.0<", "mask_logits": "warp.dense.mask", "flow": "warp.dense",
    "warped_volume": "warp.third<", "third": "warp.third", "out": "warp",
}  # fmt: skip
OF_G = {
    "fc": "decoder.first", "middle0_norm0": "decoder.middle.0.norm_in", "up0": "decoder.up.0", "up1": "decoder.up.1",
    **{f"middle{i}": f"decoder.middle.{i}" for i in range(6)}, "image_logits": "decoder.last", "image": "decoder",
}  # fmt: skip


@contextmanager
def watched(model: nn.Module, places: dict[str, str]) -> Iterator[dict[str, Tensor]]:
    """Outputs of some modules of a model, by name, filled in while it runs."""
    seen: dict[str, Tensor] = {}

    def hook(name: str, place: str) -> RemovableHandle:
        def keep(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor | Flow) -> None:
            if isinstance(output, Flow):
                seen["deformation"], seen["occlusion"] = output.where, output.occlusion
            else:
                seen[name] = inputs[0] if place.endswith("<") else output

        return model.get_submodule(place.removesuffix("<")).register_forward_hook(keep)

    handles = [hook(*item) for item in places.items()]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def given(name: str, *shape: int) -> Tensor:
    return torch.from_numpy(normal(f"input/{name}", shape))


def picture(name: str) -> Tensor:
    """[1, 3, 256, 256] in squares of 16 pixels."""
    colours = (0.5 + 0.25 * given(f"image_{name}", 1, 3, 16, 16)).clamp(0, 1)
    return repeat(colours, "b c h w -> b c (h i) (w j)", i=16, j=16)


def of_appearance(renderer: LivePortraitRenderer, image: Tensor) -> dict[str, Tensor]:
    with watched(renderer, OF_F) as found:
        renderer.appearance(image)
    return found


def of_motion(renderer: LivePortraitRenderer, faces: Tensor) -> dict[str, Tensor]:
    with watched(renderer, OF_M) as found:
        renderer.motion.trunk(faces)
    raw = renderer.motion.read(faces)
    angles = {f"M.{name}_degrees": degrees(raw[name]) for name in ("pitch", "yaw", "roll")}
    return found | angles | {f"M.{name}": value for name, value in raw.items()}


def of_warp(renderer: LivePortraitRenderer, volume: Tensor) -> dict[str, Tensor]:
    source, driving = (0.4 * given(f"keypoints_{whose}", 1, 21, 3) for whose in ("source", "driving"))
    with watched(renderer, OF_W) as found:
        renderer.warp(volume, source, driving)
    found["hourglass_down4"] = found["hourglass_down4"][..., ::2, ::2]  # it was seen after its cells were doubled
    return named("W.", found)


def of_decoder(renderer: LivePortraitRenderer, features: Tensor) -> dict[str, Tensor]:
    with watched(renderer, OF_G) as found:
        renderer.decoder(features)
    return named("G.", found)


def of_chain(renderer: LivePortraitRenderer, small: Tensor) -> dict[str, Tensor]:
    """From source, driving and first driving picture [3, 3, H, W] to a frame, through the renderer's own doors."""
    faces = large(small)
    portrait, seen = renderer.encode(faces[:1]), renderer.motion_of(faces[1:, None])
    driving, first = (Motion(seen.pose[i : i + 1], seen.dynamics[i : i + 1]) for i in (0, 1))
    motion = Relative.of("all")(driving, first, portrait)
    with watched(renderer, {name: OF_W[name] for name in ("flow", "out")} | {"G.image": "decoder"}) as found:
        renderer.render(portrait, motion)
    frame = {f"chain.{name if name.startswith('G') else 'W.' + name}": value for name, value in found.items()}
    return frame | of_chain_points(renderer, portrait, motion) | of_chain_hulls(driving, first, portrait)


def of_chain_hulls(driving: Motion, first: Motion, portrait: Portrait) -> dict[str, Tensor]:
    """Relative motion matched by convex hulls, and how much the match changes it: nothing, as it is relative."""
    rule = Relative.of("all")
    still, start = (seen_keypoints(portrait.identity, m) for m in (portrait.motion, rule(first, first, portrait)))
    return {
        "chain.expression_friendly.multiplier": hull_ratio(still, start),
        "chain.expression_friendly.keypoints": seen_keypoints(
            portrait.identity, HullMatched(rule)(driving, first, portrait)
        ),
    }


def of_chain_still(renderer: LivePortraitRenderer, image: Tensor) -> dict[str, Tensor]:
    """A picture [1, 3, H, W] that drives itself, its key points as they are."""
    portrait = renderer.encode(large(image))
    source = seen_keypoints(portrait.identity, portrait.motion)
    features = renderer.warp(portrait.volume, source, source)
    return {"chain.G.image_identity_keypoints": renderer.decoder(features)}


def of_chain_points(renderer: LivePortraitRenderer, portrait: Portrait, motion: Motion) -> dict[str, Tensor]:
    """The key points on the way: of the source, relative, stitched, and what retargeting adds."""
    source, relative = seen_keypoints(portrait.identity, portrait.motion), seen_keypoints(portrait.identity, motion)
    heads, eyes, lips = renderer.retargeting, given("eye_ratios", 1, 3), given("lip_ratios", 1, 2)
    eyes, lips = (0.3 * eyes).abs(), (0.3 * lips).abs()
    return {
        "chain.relative.expression": motion.dynamics.view(1, 21, 3),
        "chain.relative.scale": motion.pose[:, 0, 5:].exp(),
        "chain.relative.keypoints": relative,
        "chain.stitching.keypoints": heads.stitched(source, relative),
        "chain.eye.delta": heads.eye_offset(source, eyes[:, :2], eyes[:, 2:]),
        "chain.lip.delta": heads.lip_offset(source, lips[:, :1], lips[:, 1:]),
    }


def large(face: Tensor) -> Tensor:
    """Each pixel four times, so that halving gives the picture back."""
    return repeat(face, "b c h w -> b c (h i) (w j)", i=2, j=2)


def named(prefix: str, found: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in found.items()}


def of_perceptrons(retargeting: Retargeting) -> dict[str, Tensor]:
    """On their own inputs, whole."""
    return {
        "S.stitching": retargeting.stitching(given("stitching", 2, 126)),
        "S.lip": retargeting.lips(given("lip", 2, 65)),
        "S.eye": retargeting.eyes(given("eye", 2, 66)),
    }


def three_motions() -> tuple[Motion, Tensor]:
    """Source, driving frame and first driving frame as one track [3, 1, M], and their canonical points [3, 63]."""
    pitch, yaw, roll = torch.deg2rad(20 * given("motion/pitch_yaw_roll_degrees", 3, 3)).unbind(-1)
    shift, scale = 0.2 * given("motion/translation", 3, 3), 1.2 + 0.1 * given("motion/scale", 3, 1)
    turns = torch.stack([-yaw, -pitch, -roll], dim=-1)
    pose = torch.cat([turns, shift[:, :2], scale.log()], dim=-1)
    expression = 0.05 * given("motion/expression", 3, 21, 3)
    canonical = 0.4 * given("motion/canonical_keypoints", 3, 21, 3)
    return Motion(pose[:, None], expression.flatten(1)[:, None]), canonical.flatten(1)


def of_transfer() -> dict[str, Tensor]:
    """Key points of every rule that needs no files: [1, 21, 3] each."""
    motions, canonical = three_motions()
    source, driving, first = (Motion(motions.pose[i : i + 1], motions.dynamics[i : i + 1]) for i in range(3))
    portrait = Portrait(torch.zeros(1, 1, 1, 1, 1), canonical[:1], source, torch.zeros(1, 3, 1, 1))

    def shown(rule: Transfer) -> Tensor:
        return seen_keypoints(portrait.identity, rule(driving, first, portrait))

    found = {"motion.keypoints": seen_keypoints(canonical, motions)}
    for region in ("all", "pose", "exp", "lip", "eyes"):
        found[f"motion.relative.{region}"] = shown(Relative.of(region))
        found[f"motion.absolute.{region}"] = shown(Absolute.of(region))
    for region in ("all", "pose", "exp", "lip"):
        found[f"combine.{region}"] = shown(Relative.spoken(region))
    return found | {"combine.all_multiplied_1_1": shown(Amplified(transfer=Relative.spoken("all"), factor=1.1))}
