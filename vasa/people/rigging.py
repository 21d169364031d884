"""Makes an `Avatar` of a glTF file built like VALID's.

It has meshes for body, eyes, teeth and hair, joints Neck, Head, LeftEye, RightEye, shapes for visemes and expressions.
"""

from __future__ import annotations

import numpy as np
from einops import rearrange

from vasa.people.avatar import CHIN_TO_EYES, EXPRESSION_INDEX, EXPRESSIONS, EYE_FRONT, Avatar
from vasa.people.gltf import Gltf, Unfit, thin

ARM_DROP = np.deg2rad(72)  # avatars stand with their arms stretched out
FACING_BACK = -0.6
LOWEST, WIDEST = -1.9, 1.7  # canonical units: the farthest that a head-and-shoulders picture shows
_MESH_KINDS = {"h_L_eye": 1, "h_R_eye": 1, "h_TeethDown": 2, "h_TeethUp": 3, "h_wig": 4}
_PER_VERTEX = ("points", "normals", "uv", "weights", "layer", "kind")


def build_valid(gltf: Gltf, name: str, texture_px: int) -> Avatar:
    """The avatar in a file called `name`; raises Unfit where it lacks joints or blendshapes."""
    bodies = [_mesh(gltf, node) for node in gltf.scene["nodes"] if "mesh" in node]
    whole = join(bodies)
    names = [node.get("name") for node in gltf.scene["nodes"]]
    world = gltf.globals({})
    try:
        joints = np.stack([world[names.index(j)][:3, 3] for j in ("Neck", "Head", "LeftEye", "RightEye")])
    except ValueError:
        rule = "lacks a joint named Neck, Head, LeftEye or RightEye; use an avatar like VALID's"
        raise Unfit(f"{name} {rule}.") from None
    shifts = whole["shifts"]
    if not all(np.abs(shifts[EXPRESSION_INDEX[e]]).any() for e in ("MouthOpen", "MPB_Up", "LeyeClose", "AE_AA")):
        raise Unfit(f"{name} lacks blendshapes like MouthOpen and LeyeClose; use an avatar like VALID's.")
    lips = find_lips(whole["points"], shifts, whole["kind"])
    opening = shifts[EXPRESSION_INDEX["MouthOpen"]]
    origin, unit = frame(whole["points"], whole["kind"], opening, joints, lips)
    textures = np.stack([_picture(gltf, m, texture_px) for m in (0, min(1, len(gltf.scene["materials"]) - 1))])
    return cut(
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


def join(meshes: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Meshes as one; what is per vertex, shapes [E, V, 3] and triangles."""
    starts = np.cumsum([0, *(len(m["points"]) for m in meshes)])
    loose = [k for k in meshes[0] if k not in ("triangles", "shifts", "turns")]
    joined = {k: np.concatenate([m[k] for m in meshes]) for k in loose}
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


def frame(
    points: np.ndarray, kind: np.ndarray, opening: np.ndarray, joints: np.ndarray, lips: np.ndarray
) -> tuple[np.ndarray, float]:
    """Origin and unit of the canonical head, in the avatar's own; `opening` [V, 3] is its shape MouthOpen."""
    eyes, mouth = joints[2:].mean(0), points[lips].mean(0)
    moved = (kind == 0) & (np.abs(points[:, 0]) < 0.1 * abs(joints[2, 0] - joints[3, 0]))
    moved &= -opening[:, 1] > 0.5 * (-opening[kind == 0, 1]).max()
    candidates = points[moved]
    chin = candidates[np.argmax(-0.8 * candidates[:, 1] + 0.6 * candidates[:, 2])]
    unit = float(eyes[1] - chin[1]) / CHIN_TO_EYES
    front = points[kind == 1, 2].max()
    return np.array([0.0, (eyes[1] + mouth[1]) / 2, front - EYE_FRONT * unit]), unit


def cut(avatar: Avatar) -> Avatar:
    """Drop what no head-and-shoulders picture shows, and put the vertices that move first."""
    seen = (avatar.points[:, 1] > LOWEST) & (np.abs(avatar.points[:, 0]) < WIDEST)
    teeth = (avatar.kind == 2) | (avatar.kind == 3)
    triangles = avatar.triangles[seen[avatar.triangles].any(axis=1)]
    triangles = triangles[~_never_seen(avatar, triangles)]
    bite = teeth[triangles[:, 0]]
    triangles = np.concatenate([triangles[~bite], thin(avatar.points, triangles[bite])])
    triangles = _front_first(triangles, avatar.points[triangles, 2].mean(1))
    used = np.zeros(len(seen), bool)
    used[triangles] = True
    moving = used & (np.abs(avatar.shifts).max(axis=(0, 2)) > 1e-5)
    order = np.concatenate([np.flatnonzero(moving), np.flatnonzero(used & ~moving)])
    place = np.full(len(seen), -1)
    place[order] = np.arange(len(order))
    kept = {k: getattr(avatar, k)[order] for k in _PER_VERTEX}
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


def _never_seen(avatar: Avatar, triangles: np.ndarray) -> np.ndarray:
    """The back of the body, which no turn shows: [F]. The back of the head stays, an open mouth looks into it."""
    back = (avatar.normals[triangles, 2].mean(1) < FACING_BACK) & (avatar.kind[triangles[:, 0]] == 0)
    return back & (avatar.weights[triangles, 0].max(1) < 0.1)


def _front_first(triangles: np.ndarray, depth: np.ndarray, *, block: int = 192) -> np.ndarray:
    """Draw what is in front first; in blocks, because neighbours share the work on their vertices."""
    starts = np.arange(0, len(triangles), block)
    order = np.argsort(-np.add.reduceat(depth, starts) / np.diff([*starts, len(triangles)]), kind="stable")
    return np.concatenate([triangles[s : s + block] for s in starts[order]])
