"""Writes small plain .glb heads with ARKit's blendshapes, for tests."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

_TYPES = {1: "SCALAR", 3: "VEC3", 2: "VEC2"}


@dataclass
class Part:
    """One mesh: points [N, 3], triangles [F, 3], motion [N, 3] of each blendshape."""

    name: str
    points: np.ndarray
    triangles: np.ndarray
    shapes: dict[str, np.ndarray] = field(default_factory=dict)
    colour: tuple[float, float, float] = (0.6, 0.4, 0.3)


def normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    corners = points[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros_like(points, dtype=np.float64)
    for k in range(3):
        np.add.at(total, triangles[:, k], faces)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)


def write_glb(path: Path, parts: list[Part]) -> Path:
    """A plain glTF file; blendshapes are sparse accessors, as many exporters write them."""
    blob, views, accessors = bytearray(), [], []

    def view(values: np.ndarray) -> int:
        views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": values.nbytes})
        blob.extend(values.tobytes() + b"\0" * (-values.nbytes % 4))
        return len(views) - 1

    def accessor(values: np.ndarray, kind: int) -> int:
        entry = {"componentType": kind, "count": len(values), "type": _TYPES[values.shape[1]]}
        accessors.append(entry | {"bufferView": view(values)})
        return len(accessors) - 1

    def sparse(values: np.ndarray) -> int:
        rows = np.flatnonzero(np.abs(values).max(1) > 0)
        entry: dict[str, Any] = {"componentType": 5126, "count": len(values), "type": "VEC3"}
        if len(rows):
            index = {"bufferView": view(rows.astype(np.uint32)), "componentType": 5125}
            found = {"bufferView": view(values[rows].astype(np.float32))}
            entry["sparse"] = {"count": len(rows), "indices": index, "values": found}
        accessors.append(entry)
        return len(accessors) - 1

    meshes, materials, nodes = [], [], []
    for number, part in enumerate(parts):
        attributes = {
            "POSITION": accessor(part.points.astype(np.float32), 5126),
            "NORMAL": accessor(normals(part.points, part.triangles).astype(np.float32), 5126),
        }
        primitive: dict[str, Any] = {"attributes": attributes, "material": number}
        primitive["indices"] = accessor(part.triangles.astype(np.uint32).reshape(-1, 1), 5125)
        primitive["targets"] = [{"POSITION": sparse(motion)} for motion in part.shapes.values()]
        meshes.append({"name": part.name, "primitives": [primitive], "extras": {"targetNames": list(part.shapes)}})
        materials.append({"pbrMetallicRoughness": {"baseColorFactor": [*part.colour, 1.0]}})
        nodes.append({"name": part.name, "mesh": number})
    scene = {"nodes": nodes, "meshes": meshes, "materials": materials, "accessors": accessors, "bufferViews": views}
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + bytes(blob)
    path.write_bytes(b"glTF" + struct.pack("<II", 2, 12 + len(body)) + body)
    return path
