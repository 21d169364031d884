"""One avatar: a head with shoulders as arrays, in canonical units, ready to be moved and drawn.

Frame: x to the subject's left, y up, z towards the camera; origin and unit as in `Avatar`. Reads avatars built like VALID's:
meshes for body, eyes, teeth and hair, joints Neck, Head, LeftEye, RightEye, blendshapes for visemes and expressions.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from einops import rearrange

from vasa.people.gltf import Gltf, read_glb

FORMAT = 6
ARM_DROP = np.deg2rad(72)  # avatars stand with their arms stretched out
TEETH_DEPTH = 0.22  # canonical units behind the lips; what lies deeper is dark
LOWEST, WIDEST = -2.1, 1.7  # canonical units: the farthest that a head-and-shoulders picture shows


@dataclass(frozen=True)
class Avatar:
    """A person to film. Unit: twice the distance from chin to eyes. Origin: between the ears, 0.35 behind the eyes.

    The first `len(shifts[0])` vertices move with expressions; the others only with head, neck or eyes.
    """

    points: np.ndarray  # [V, 3] float32, neutral
    normals: np.ndarray  # [V, 3] float32
    uv: np.ndarray  # [V, 2] float32
    weights: np.ndarray  # [V, 4] float32: share of head, neck, left eye, right eye; the rest is body
    layer: np.ndarray  # [V] float32: 0 the body's texture, 1 the hair's
    kind: np.ndarray  # [V] float32: index into KINDS
    triangles: np.ndarray  # [F, 3] int32
    shifts: np.ndarray  # [E, M, 3] float32: motion of the first M vertices at weight 1
    turns: np.ndarray  # [E, M, 3] float32: the same of their normals
    joints: np.ndarray  # [4, 3] float32: neck, head, left eye, right eye
    lips: np.ndarray  # [2] int64: vertices in the middle of the upper and the lower inner lip
    textures: np.ndarray  # [2, H, W, 3] uint8


KINDS = ("skin", "eye", "lower teeth", "upper teeth", "hair")
_MESH_KINDS = {"h_L_eye": 1, "h_R_eye": 1, "h_TeethDown": 2, "h_TeethUp": 3, "h_wig": 4}
EXPRESSIONS: tuple[str, ...] = (
    "AE_AA", "AO_a", "Ax_E", "TD_I", "UH_OO", "UW_U", "H_EST", "FV", "S", "SH_CH", "MPB_Up", "MPB_Down", "KG",
    "RlipUp", "LlipUp", "RlipDown", "LlipDown", "RlipSide", "LlipSide", "RlipCorner", "LlipCorner", "JawCompress",
    "Rjaw", "Ljaw", "JawFront", "Chew", "MouthOpen", "Shout", "RsmileClose", "LsmileClose", "RsmileOpen", "LsmileOpen",
    "RmouthSad", "LmouthSad", "Rdisgust", "Ldisgust", "Kiss", "Rblow", "Lblow", "Chin", "Glotis", "RneckTension",
    "LneckTension", "Rnostril", "Lnostril", "ReyeClose", "LeyeClose", "ReyeOpen", "LeyeOpen", "Rsquint", "Lsquint",
    "RlowLid", "LlowLid", "Rsad", "Lsad", "Rpityful", "Lpityful", "RRbrowUp", "RbrowUp", "LbrowUp", "LLbrowUp",
    "RRbrowDown", "RbrowDown", "LbrowDown", "LLbrowDown", "OutMiddle_tg", "Up_tg",
)  # fmt: skip
EXPRESSION_INDEX: dict[str, int] = {name: index for index, name in enumerate(EXPRESSIONS)}


def load_avatar(path: Path, *, texture_px: int = 1024, cache: Path | None = None) -> Avatar:
    """Read a .glb avatar, from `cache` where it was read before.

    Raises ValueError where joints or blendshapes are missing, FileNotFoundError where the file is.
    """
    stat = path.stat()
    key = hashlib.sha256(f"{path.name} {stat.st_size} {stat.st_mtime_ns} {texture_px} {FORMAT}".encode()).hexdigest()
    kept = (cache or default_cache()) / f"{path.stem}-{key[:12]}.npz"
    if kept.exists():
        with np.load(kept) as arrays:
            return Avatar(**{f.name: arrays[f.name] for f in fields(Avatar)})
    avatar = build(read_glb(path), path.name, texture_px)
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_name(f"{kept.stem}.{os.getpid()}.npz")
    np.savez(partial, **{f.name: getattr(avatar, f.name) for f in fields(Avatar)})
    partial.replace(kept)
    return avatar


def default_cache() -> Path:
    """Where read avatars are kept unless the user names a folder."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "vasa" / "avatars"


def build(gltf: Gltf, name: str, texture_px: int) -> Avatar:
    """The avatar in a glTF scene."""
    bodies = [_mesh(gltf, node) for node in gltf.scene["nodes"] if "mesh" in node]
    whole = _join(bodies)
    names = [node.get("name") for node in gltf.scene["nodes"]]
    world = gltf.globals({})
    try:
        joints = np.stack([world[names.index(j)][:3, 3] for j in ("Neck", "Head", "LeftEye", "RightEye")])
    except ValueError:
        raise ValueError(f"{name} lacks a joint named Neck, Head, LeftEye or RightEye; use an avatar like VALID's.") from None
    shifts = whole["shifts"]
    if not all(np.abs(shifts[EXPRESSION_INDEX[e]]).any() for e in ("MouthOpen", "MPB_Up", "LeyeClose", "AE_AA")):
        raise ValueError(f"{name} lacks blendshapes like MouthOpen and LeyeClose; use an avatar like VALID's.")
    lips = find_lips(whole["points"], shifts, whole["kind"])
    origin, unit = _frame(whole["points"], whole["kind"], shifts, joints, lips)
    textures = np.stack([_picture(gltf, m, texture_px) for m in (0, min(1, len(gltf.scene["materials"]) - 1))])
    return _cut(
        Avatar(
            points=((whole["points"] - origin) / unit).astype(np.float32),
            normals=whole["normals"].astype(np.float32),
            uv=whole["uv"].astype(np.float32),
            weights=whole["weights"].astype(np.float32),
            layer=whole["layer"].astype(np.float32),
            kind=whole["kind"].astype(np.float32),
            triangles=whole["triangles"].astype(np.int32),
            shifts=(shifts / unit).astype(np.float32),
            turns=whole["turns"].astype(np.float32),
            joints=((joints - origin) / unit).astype(np.float32),
            lips=lips,
            textures=textures,
        )
    )


def _picture(gltf: Gltf, material: int, size_px: int) -> np.ndarray:
    texture = gltf.scene["materials"][material]["pbrMetallicRoughness"]["baseColorTexture"]["index"]
    return np.asarray(gltf.picture(texture).resize((size_px, size_px), resample=4))  # 4: box


def _mesh(gltf: Gltf, node: dict) -> dict[str, np.ndarray]:
    """One mesh in world coordinates, arms lowered, with all of EXPRESSIONS."""
    mesh, skin = gltf.scene["meshes"][node["mesh"]], gltf.scene["skins"][node["skin"]]
    part = mesh["primitives"][0]
    bind = rearrange(gltf.accessor(skin["inverseBindMatrices"]), "j (column row) -> j row column", row=4)
    world = gltf.globals({"LeftArm": _about_z(-ARM_DROP), "RightArm": _about_z(ARM_DROP)})
    matrices = np.stack([world[j] for j in skin["joints"]]) @ bind
    share = gltf.accessor(part["attributes"]["WEIGHTS_0"])
    which = gltf.accessor(part["attributes"]["JOINTS_0"])
    blend = np.einsum("nk,nkij->nij", share / share.sum(1, keepdims=True), matrices[which])
    points = gltf.accessor(part["attributes"]["POSITION"])
    normals = gltf.accessor(part["attributes"]["NORMAL"])[:, :3]
    kind = _MESH_KINDS.get(mesh["name"], 0)
    count = len(points)
    shifts, turns = _targets(gltf, mesh, count)
    scale = np.cbrt(np.abs(np.linalg.det(blend[:, :3, :3])))[:, None, None]
    rotation = blend[:, :3, :3] / scale
    return {
        "points": np.einsum("nij,nj->ni", blend[:, :3], np.c_[points, np.ones(count)]),
        "normals": np.einsum("nij,nj->ni", rotation, normals),
        "uv": gltf.accessor(part["attributes"]["TEXCOORD_0"]),
        "weights": _shares(gltf, skin["joints"], which, share),
        "layer": np.full(count, float(part["material"] == 1)),
        "kind": np.full(count, float(kind)),
        "triangles": rearrange(gltf.accessor(part["indices"])[:, 0], "(f k) -> f k", k=3).astype(np.int64),
        "shifts": np.einsum("nij,enj->eni", blend[:, :3, :3], shifts),
        "turns": np.einsum("nij,enj->eni", rotation, turns),
    }


def _about_z(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _targets(gltf: Gltf, mesh: dict, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Blendshapes of a mesh as [E, count, 3] in mesh units; zero where it has none. Teeth follow the lips' shapes."""
    names = [_plain(n) for n in mesh.get("extras", {}).get("targetNames", [])]
    shifts, turns = np.zeros((2, len(EXPRESSIONS), count, 3), np.float32)
    for name, target in zip(names, mesh["primitives"][0].get("targets", []), strict=True):
        if name in EXPRESSION_INDEX:
            shifts[EXPRESSION_INDEX[name]] = gltf.accessor(target["POSITION"])[:, :3]
            turns[EXPRESSION_INDEX[name]] = gltf.accessor(target["NORMAL"])[:, :3]
    return shifts, turns


def _plain(name: str) -> str:
    """`h_expressions.AE_AA_h` and `h_teeth.t_AE_AA_h` -> `AE_AA`."""
    short = name.split(".")[-1].removesuffix("_h").removeprefix("t_")
    return "MPB_Down" if short == "MPB" else short


def _shares(gltf: Gltf, joints: list[int], which: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Weights of head, neck and eyes [count, 4]."""
    names = [gltf.scene["nodes"][j].get("name") for j in joints]
    columns = {"Head": 0, "HeadEnd": 0, "HeadEnd_end": 0, "Neck": 1, "LeftEye": 2, "RightEye": 3}
    table = np.zeros((len(names), 4))
    for row, name in enumerate(names):
        if name in columns:
            table[row, columns[name]] = 1
    return np.einsum("nk,nkc->nc", share / share.sum(1, keepdims=True), table[which])


def _join(meshes: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    starts = np.cumsum([0, *(len(m["points"]) for m in meshes)])
    joined = {k: np.concatenate([m[k] for m in meshes]) for k in ("points", "normals", "uv", "weights", "layer", "kind")}
    joined["triangles"] = np.concatenate([m["triangles"] + s for m, s in zip(meshes, starts, strict=False)])
    for key in ("shifts", "turns"):
        joined[key] = np.concatenate([m[key] for m in meshes], axis=1)
    return joined


def find_lips(points: np.ndarray, shifts: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """The foremost pair of skin vertices at the mid-line that touch at rest and part when the mouth opens: [2]."""
    opening = shifts[EXPRESSION_INDEX["MouthOpen"]]
    width = np.ptp(points[kind == 1, 0])
    middle = np.flatnonzero((kind == 0) & (np.abs(points[:, 0]) < 0.02 * width))
    drop = -opening[middle, 1]
    jaw = middle[drop > 0.6 * drop.max()]
    still = middle[(np.abs(opening[middle]).max(1) < 0.2 * drop.max()) & (points[middle, 1] > points[jaw, 1].min())]
    gap = np.linalg.norm(points[still][:, None] - points[jaw][None], axis=-1)
    touching = np.argwhere(gap < 0.06 * width)
    upper, lower = touching[np.argmax([points[still[u], 2] + points[jaw[w], 2] for u, w in touching])]
    return np.array([still[upper], jaw[lower]])


def _frame(
    points: np.ndarray, kind: np.ndarray, shifts: np.ndarray, joints: np.ndarray, lips: np.ndarray
) -> tuple[np.ndarray, float]:
    """Origin and unit of the canonical head, in the avatar's own."""
    eyes, mouth = joints[2:].mean(0), points[lips].mean(0)
    opening = shifts[EXPRESSION_INDEX["MouthOpen"]]
    moved = (kind == 0) & (np.abs(points[:, 0]) < 0.1 * abs(joints[2, 0] - joints[3, 0]))
    moved &= -opening[:, 1] > 0.5 * (-opening[kind == 0, 1]).max()
    candidates = points[moved]
    chin = candidates[np.argmax(-0.8 * candidates[:, 1] + 0.6 * candidates[:, 2])]
    unit = float(eyes[1] - chin[1]) / 0.5
    front = points[kind == 1, 2].max()
    return np.array([0.0, (eyes[1] + mouth[1]) / 2, front - 0.35 * unit]), unit


def _cut(avatar: Avatar) -> Avatar:
    """Drop what no head-and-shoulders picture shows, and put the vertices that move first."""
    seen = (avatar.points[:, 1] > LOWEST) & (np.abs(avatar.points[:, 0]) < WIDEST)
    teeth = (avatar.kind == 2) | (avatar.kind == 3)
    seen &= ~(teeth & (avatar.points[:, 2] < avatar.points[avatar.lips, 2].mean() - TEETH_DEPTH))
    triangles = avatar.triangles[seen[avatar.triangles].any(axis=1)]
    # What is in front is drawn first, so that little is painted over.
    triangles = triangles[np.argsort(-avatar.points[triangles, 2].mean(1), kind="stable")]
    used = np.zeros(len(seen), bool)
    used[triangles] = True
    moving = used & (np.abs(avatar.shifts).max(axis=(0, 2)) > 1e-5)
    order = np.concatenate([np.flatnonzero(moving), np.flatnonzero(used & ~moving)])
    place = np.full(len(seen), -1)
    place[order] = np.arange(len(order))
    kept = {k: getattr(avatar, k)[order] for k in ("points", "normals", "uv", "weights", "layer", "kind")}
    movers = order[: moving.sum()]
    return Avatar(
        **kept,
        triangles=place[triangles].astype(np.int32),
        shifts=avatar.shifts[:, movers],
        turns=avatar.turns[:, movers],
        joints=avatar.joints,
        lips=place[avatar.lips],
        textures=avatar.textures,
    )
