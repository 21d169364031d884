"""Everything that is compared: the networks on made-up weights and inputs, and what they give on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from einops import repeat
from torch import Tensor, nn

from tests.render.liveportrait.filling import normal
from vasa.render.liveportrait import LivePortraitRenderer
from vasa.render.liveportrait.keypoints import seen_keypoints
from vasa.render.liveportrait.motion import degrees
from vasa.render.liveportrait.retargeting import Retargeting
from vasa.render.liveportrait.transfer import Absolute, Amplified, Relative
from vasa.transfer import Transfer
from vasa.types import Motion, Portrait

# Name of a number -> the module whose output it is.
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
    "compress_norm": "warp.dense.norm", "hourglass": "warp.dense.hourglass", "mask_logits": "warp.dense.mask",
    **{f"hourglass_up{i}": f"warp.dense.hourglass.up.{i}" for i in range(5)},
    "third": "warp.third", "out": "warp",
}  # fmt: skip
OF_G = {
    "fc": "decoder.first", "middle0_norm0": "decoder.middle.0.norm_in", "up0": "decoder.up.0", "up1": "decoder.up.1",
    **{f"middle{i}": f"decoder.middle.{i}" for i in range(6)}, "image_logits": "decoder.last", "image": "decoder",
}  # fmt: skip


@contextmanager
def watched(model: nn.Module, places: dict[str, str]) -> Iterator[dict[str, Tensor]]:
    """Outputs of some modules of a model, by name, filled in while it runs."""
    seen: dict[str, Tensor] = {}

    def keep(name: str, value: Tensor) -> None:
        seen[name] = value

    handles = [
        model.get_submodule(place).register_forward_hook(lambda _, __, out, name=name: keep(name, out))
        for name, place in places.items()
    ]
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


def parts(prefix: str, renderer: LivePortraitRenderer, places: dict[str, str], *inputs: Tensor) -> dict[str, Tensor]:
    """What a network, the one whose name the places begin with, gives on the way."""
    network = renderer.get_submodule(next(iter(places.values())).partition(".")[0])
    with watched(renderer, places) as seen:
        network(*inputs)
    return {prefix + name: value for name, value in seen.items()}


def of_appearance(renderer: LivePortraitRenderer, image: Tensor) -> dict[str, Tensor]:
    return parts("", renderer, OF_F, image)


def of_motion(renderer: LivePortraitRenderer, faces: Tensor) -> dict[str, Tensor]:
    found = parts("", renderer, OF_M, faces)
    raw = renderer.motion.read(faces)
    angles = {f"M.{name}_degrees": degrees(raw[name]) for name in ("pitch", "yaw", "roll")}
    return found | angles | {f"M.{name}": value for name, value in raw.items()}


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
