"""Makes an `Avatar` of a glTF head with ARKit's blendshapes, as Ready Player Me, VRM and MakeHuman exports have them.

Any number of meshes, parts and materials. What a part is follows from the names of node, mesh and material (eye,
teeth, tongue, hair; all else is skin); lashes that are see-through are left out. Names of shapes may end in Left or _L.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from einops import rearrange, repeat
from PIL import Image

from vasa.face.arkit import ARKIT, ARKIT_INDEX
from vasa.people.arkit import table
from vasa.people.avatar import EXPRESSION_INDEX, Avatar
from vasa.people.gltf import Gltf, Unfit
from vasa.people.rigging import cut, find_lips, frame, join

_SPARED = {"tongueOut", "cheekPuff", "mouthClose", "mouthLeft", "mouthRight"} | {n for n in ARKIT if "Look" in n}
_JOINTS = {
    "neck": ("neck", "neck1", "neck01", "jbipcneck", "ccbasenecktwist01"),
    "head": ("head", "jbipchead", "ccbasehead"),
    "left": ("lefteye", "eyeleft", "leye", "eyel", "jadjlfaceeye", "ccbaseleye"),
    "right": ("righteye", "eyeright", "reye", "eyer", "jadjrfaceeye", "ccbasereye"),
}  # see `_bare`
_NECK, _HEAD = (
    np.array([0.0, -0.72, -0.18]),
    np.array([0.0, -0.13, 0.0]),
)  # canonical units, as VALID's avatars have them
_SKIN, _EYE, _LOWER, _UPPER, _HAIR = range(5)  # indices into KINDS
_DROPS = 0.2  # of a part's largest motion; lower teeth move that far when the mouth opens
_STIFF = (-0.85, -0.5)  # heights between which a head without joints turns into body


def speaks_arkit(gltf: Gltf) -> bool:
    """Whether the file's blendshapes have ARKit's names."""
    return any(name in ("jawOpen", "eyeBlinkLeft") for mesh in gltf.scene["meshes"] for name in _shape_names(mesh))


def build_arkit(gltf: Gltf, name: str, texture_px: int) -> Avatar:
    """The avatar in a file; raises Unfit, naming them, where shapes are missing that expressions are made of."""
    there = {n for mesh in gltf.scene["meshes"] for n in _shape_names(mesh)}
    missing = [n for n in ARKIT if n not in there and n not in _SPARED]
    if missing:
        raise Unfit(f"{name} lacks the ARKit blendshapes {', '.join(missing)}; export it with all 52.")
    parts = [
        part
        for index, node in enumerate(gltf.scene["nodes"])
        if "mesh" in node
        for primitive in gltf.scene["meshes"][node["mesh"]]["primitives"]
        if (part := _part(gltf, index, primitive)) is not None
    ]
    whole = join(parts)
    if not (whole["kind"] == _EYE).any():
        raise Unfit(f"{name} has no mesh or material with eye in its name; name its eyeballs so.")
    joints, known = _joints(gltf, whole)
    opening = whole["shifts"][EXPRESSION_INDEX["MouthOpen"]]
    lips = find_lips(whole["points"], whole["shifts"], whole["kind"])
    origin, unit = frame(whole["points"], whole["kind"], opening, joints, lips)
    points, joints = (whole["points"] - origin) / unit, (joints - origin) / unit
    joints[:2] = np.where(known[:2, None], joints[:2], [_NECK, _HEAD])
    uv, textures = _atlas(gltf, whole, texture_px)
    return cut(
        Avatar(
            points=points.astype(np.float32),
            normals=whole["normals"].astype(np.float32),
            uv=uv.astype(np.float32),
            weights=_weights(whole, points).astype(np.float32),
            layer=whole["layer"].astype(np.float32),
            kind=whole["kind"].astype(np.float32),
            triangles=whole["triangles"].astype(np.int32),
            shifts=(whole["shifts"] / unit).astype(np.float32),
            turns=whole["turns"].astype(np.float32),
            joints=joints.astype(np.float32),
            lips=lips,
            textures=textures,
        )
    )


def _shape_names(mesh: dict[str, Any]) -> list[str]:
    """Names of a mesh's blendshapes, spelled as ARKIT does where they are ARKit's."""
    names = mesh.get("extras", {}).get("targetNames", [])
    spelled = [re.sub(r"_?R$", "Right", re.sub(r"_?L$", "Left", n.split(".")[-1])) for n in names]
    return [n[:1].lower() + n[1:] for n in spelled]


def _bare(name: str) -> str:
    """`mixamorig:LeftEye` and `Left_Eye` as `lefteye`."""
    return re.sub("[^a-z0-9]", "", name.lower().split(":")[-1])


def _part(gltf: Gltf, node: int, primitive: dict[str, Any]) -> dict[str, np.ndarray] | None:
    """One primitive in world coordinates with all of EXPRESSIONS; None for what is left out."""
    entry = gltf.scene["nodes"][node]
    mesh = gltf.scene["meshes"][entry["mesh"]]
    material = gltf.scene.get("materials", [{}])[primitive.get("material", 0)]
    called = " ".join((entry.get("name", ""), mesh.get("name", ""), material.get("name", ""))).lower()
    if re.search("lash|occlusion|tearline|cornea", called) and material.get("alphaMode", "OPAQUE") != "OPAQUE":
        return None
    points = gltf.accessor(primitive["attributes"]["POSITION"]).astype(np.float64)
    count = len(points)
    bend = _bend(gltf, node, primitive, count)
    rotation = bend[:, :, :3] / np.cbrt(np.abs(np.linalg.det(bend[:, :, :3])))[:, None, None]
    shifts, turns = _expressions(gltf, mesh, primitive, count)
    kind = _kind(called, shifts)
    index = gltf.accessor(primitive["indices"])[:, 0] if "indices" in primitive else np.arange(count)
    texture = primitive["attributes"].get("TEXCOORD_0")
    return {
        "points": np.einsum("nij,nj->ni", bend, np.c_[points, np.ones(count)]),
        "normals": np.einsum("nij,nj->ni", rotation, gltf.accessor(primitive["attributes"]["NORMAL"])[:, :3]),
        "uv": np.zeros((count, 2)) if texture is None else gltf.accessor(texture),
        "weights": _shares(gltf, entry, primitive, count),
        "layer": np.full(count, float(kind == _HAIR)),
        "kind": np.full(count, float(kind)),
        "material": np.full(count, primitive.get("material", -1)),
        "triangles": rearrange(index, "(f k) -> f k", k=3).astype(np.int64),
        "shifts": np.einsum("nij,enj->eni", bend[:, :, :3], shifts),
        "turns": np.einsum("nij,enj->eni", rotation, turns),
    }


def _kind(called: str, shifts: np.ndarray) -> int:
    """Index into KINDS by names; teeth that the opening mouth moves are the lower ones."""
    if re.search("hair|wig|beard|brow|lash", called):
        return _HAIR
    if re.search("teeth|tooth|tongue|gum", called):
        if re.search("tongue|low|down|bottom", called):
            return _LOWER
        drops = np.abs(shifts[EXPRESSION_INDEX["MouthOpen"], :, 1]).max() > _DROPS * np.abs(shifts).max()
        return _UPPER if re.search("up|top", called) or not drops else _LOWER
    return _EYE if re.search("eye|sclera|iris", called) and "lid" not in called else _SKIN


def _bend(gltf: Gltf, node: int, primitive: dict[str, Any], count: int) -> np.ndarray:
    """What node or skin do to each vertex: [count, 3, 4]."""
    world, entry = gltf.globals({}), gltf.scene["nodes"][node]
    if "skin" not in entry:
        return repeat(world[node][:3], "i j -> n i j", n=count)
    skin = gltf.scene["skins"][entry["skin"]]
    bind = rearrange(gltf.accessor(skin["inverseBindMatrices"]), "j (column row) -> j row column", row=4)
    share = gltf.accessor(primitive["attributes"]["WEIGHTS_0"]).astype(np.float64)
    matrices = np.stack([world[j] for j in skin["joints"]]) @ bind
    which = gltf.accessor(primitive["attributes"]["JOINTS_0"])
    return np.einsum("nk,nkij->nij", share / share.sum(1, keepdims=True), matrices[which])[:, :3]


def _expressions(
    gltf: Gltf, mesh: dict[str, Any], primitive: dict[str, Any], count: int
) -> tuple[np.ndarray, np.ndarray]:
    """EXPRESSIONS of a primitive as sums of its ARKit shapes: motion and turn [E, count, 3] in mesh units."""
    moves, turns = np.zeros((2, len(ARKIT), count, 3))
    for name, target in zip(_shape_names(mesh), primitive.get("targets", []), strict=False):
        if name in ARKIT_INDEX:
            moves[ARKIT_INDEX[name]] = gltf.accessor(target["POSITION"])[:, :3]
            if "NORMAL" in target:
                turns[ARKIT_INDEX[name]] = gltf.accessor(target["NORMAL"])[:, :3]
    return np.tensordot(table(), moves, 1), np.tensordot(table(), turns, 1)


def _shares(gltf: Gltf, entry: dict[str, Any], primitive: dict[str, Any], count: int) -> np.ndarray:
    """Weights of head, neck and eyes [count, 4]; NaN where no skeleton says."""
    if "skin" not in entry:
        return np.full((count, 4), np.nan)
    nodes, joints = gltf.scene["nodes"], gltf.scene["skins"][entry["skin"]]["joints"]
    above = {child: i for i, node in enumerate(nodes) for child in node.get("children", ())}
    columns = {n: c for c, key in enumerate(("head", "neck", "left", "right")) for n in _JOINTS[key]}
    rows = np.zeros((len(joints), 4))
    for row, joint in enumerate(joints):
        while joint in above and _bare(nodes[joint].get("name", "")) not in columns:
            joint = above[joint]
        column = columns.get(_bare(nodes[joint].get("name", "")))
        if column is not None:
            rows[row, column] = 1
    if not rows[:, 0].any():
        return np.full((count, 4), np.nan)
    share = gltf.accessor(primitive["attributes"]["WEIGHTS_0"]).astype(np.float64)
    which = gltf.accessor(primitive["attributes"]["JOINTS_0"])
    return np.einsum("nk,nkc->nc", share / share.sum(1, keepdims=True), rows[which])


def _joints(gltf: Gltf, whole: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Places of neck, head, left and right eye [4, 3], and which of the first two the file has [4].

    An eye is where its eyeball is, whatever the joints say: it turns about its middle.
    """
    names, world = [_bare(node.get("name", "")) for node in gltf.scene["nodes"]], gltf.globals({})
    joints, known = np.zeros((4, 3)), np.zeros(4, bool)
    bones = {j for skin in gltf.scene.get("skins", []) for j in skin["joints"]}
    for row, key in enumerate(("neck", "head")):
        found = [i for i in sorted(bones) if names[i] in _JOINTS[key]]
        if found:
            joints[row], known[row] = world[found[0]][:3, 3], True
    eyes = whole["points"][whole["kind"] == _EYE]
    middle = (eyes[:, 0].min() + eyes[:, 0].max()) / 2
    for row, mine in ((2, eyes[:, 0] > middle), (3, eyes[:, 0] < middle)):
        joints[row] = (eyes[mine].min(0) + eyes[mine].max(0)) / 2
        half = np.ptp(eyes[mine, 0]) / 2
        joints[row, 2] = eyes[mine, 2].max() - half  # the back of an eyeball may be cut off
    return joints, known


def _weights(whole: dict[str, np.ndarray], points: np.ndarray) -> np.ndarray:
    """Weights [V, 4] with eyeballs bound to their joints, and heights to tell head from body where no skeleton does."""
    height = np.clip((points[:, 1] - _STIFF[0]) / (_STIFF[1] - _STIFF[0]), 0, 1)
    guessed = np.zeros((len(points), 4))
    guessed[:, 0], guessed[:, 1] = height**2, height * (1 - height) * 2
    weights = np.where(np.isnan(whole["weights"]), guessed, whole["weights"])
    eyes = whole["kind"] == _EYE
    weights[eyes] = 0
    weights[eyes, np.where(points[eyes, 0] > 0, 2, 3)] = 1
    return weights


def _atlas(gltf: Gltf, whole: dict[str, np.ndarray], size_px: int) -> tuple[np.ndarray, np.ndarray]:
    """All materials in two pictures [2, H, W, 3], of body and hair, each in a square cell, and where vertices are."""
    uv, sheets = whole["uv"] % 1, []
    for layer in (0, 1):
        of_layer = whole["layer"] == layer
        used = np.unique(whole["material"][of_layer])
        side = max(1, int(np.ceil(np.sqrt(len(used)))))
        cell = size_px // side
        sheet = Image.new("RGB", (size_px, size_px))
        for number, material in enumerate(used):
            column, row = number % side, number // side
            sheet.paste(
                _paint(gltf, int(material)).resize((cell, cell), Image.Resampling.BOX), (column * cell, row * cell)
            )
            mine = of_layer & (whole["material"] == material)
            inside = np.clip(uv[mine], 1 / cell, 1 - 1 / cell)
            uv[mine] = (inside + np.array([column, row])) * cell / size_px
        sheets.append(np.asarray(sheet))
    return uv, np.stack(sheets)


def _paint(gltf: Gltf, material: int) -> Image.Image:
    """A material's base colour, as picture times factor."""
    surface = gltf.scene["materials"][material].get("pbrMetallicRoughness", {}) if material >= 0 else {}
    linear = np.array(surface.get("baseColorFactor", (1, 1, 1, 1))[:3])
    gain = tuple(float(g) for g in linear ** (1 / 2.2))
    if "baseColorTexture" in surface:
        picture = gltf.picture(surface["baseColorTexture"]["index"])
    else:
        picture = Image.new("RGB", (4, 4), (255, 255, 255))
    return Image.fromarray(np.round(np.asarray(picture, np.float64) * gain).astype(np.uint8))
